// The Buildpack port: pure decisions about a tree. A new language is one folder under server/src/build/buildpacks.
import type { AppConfig, Command } from "../config.ts";

/** Read-only view of a source tree; paths are relative with '/'. Missing files read as undefined. */
export interface SourceTree {
  paths: readonly string[];
  /** Of a folder that is a package of a workspace: what installs it from the top. */
  workspace?: "uv";
  read(path: string): string | undefined;
}

/** A file layer that the platform provides: an interpreter with its libraries, or a tool. */
export interface Toolchain {
  name: "node" | "npm" | "pnpm" | "yarn" | "bun" | "python" | "static" | "git" | "bundler" | "workerd";
  /** An exact version, a range that the registry resolves, or "default". */
  version: string;
}

export interface BuildStep {
  /** For people: "npm ci". */
  name: string;
  command: Command;
  env: Readonly<Record<string, string>>;
  /** Where it runs, below the top of the tree; left out = there. */
  folder?: string;
  /** The catalogue's code when the step fails. */
  failure: "install_failed" | "build_failed";
}

/** A step that sees only `inputs`, so what it makes can be used again while they are the same. */
export interface InstallStep extends BuildStep {
  /** Paths of files of the tree, or "all". */
  inputs: readonly string[] | "all";
}

/** What to do with a tree, as data. `runtime` is in the artifact; `tools` are in the build's sandbox only. */
export interface BuildPlan {
  buildpack: string;
  runtime: readonly Toolchain[];
  tools: readonly Toolchain[];
  install: InstallStep | undefined;
  /** Build before it what it needs of its own source: other packages of a workspace. */
  before?: readonly BuildStep[];
  build: BuildStep | undefined;
  /** Runs after the build, in the same tree, with tools of the platform: makes `output` of it. */
  bundle?: BuildStep;
  /** What people should know of how the source is understood; lines of the build's log. */
  notes?: readonly string[];
  /** Files of the source that are no part of the app: what a program of the build or of the app would go by, and what is not so here. */
  omits?: readonly string[];
  /** Only the first of these folders that exists becomes the app; undefined = the whole tree, with its dependencies. */
  output: readonly string[] | undefined;
  /** `folder` as that of a step. */
  process: { command: Command; env: Readonly<Record<string, string>>; port: number; folder?: string };
}

export interface Buildpack {
  name: "function" | "node" | "static" | "python";
  /** Why this buildpack fits, for people; undefined when it does not. */
  detect(tree: SourceTree, config: AppConfig): string | undefined;
  /** Throws SlipError no_start_command, toolchain_unavailable or invalid_config. */
  plan(tree: SourceTree, config: AppConfig): BuildPlan;
}
