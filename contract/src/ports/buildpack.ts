// The Buildpack port: pure decisions about a tree. A new language is one folder under server/src/build/buildpacks.
import type { AppConfig, Command } from "../config.ts";

/** Read-only view of a source tree; paths are relative with '/'. Missing files read as undefined. */
export interface SourceTree {
  paths: readonly string[];
  read(path: string): string | undefined;
}

/** A file layer that the platform provides: an interpreter with its libraries, or a tool for the build alone. */
export interface Toolchain {
  name: "node" | "npm" | "pnpm" | "yarn" | "bun" | "python" | "static";
  /** An exact version, a range that the registry resolves, or "default". */
  version: string;
}

export interface BuildStep {
  name: string;
  command: Command;
  env: Readonly<Record<string, string>>;
  /** The files that decide the result: the step's folder is reused while they are the same. Absent = runs each time. */
  cache?: { inputs: readonly string[]; outputs: readonly string[] };
  /** The catalogue's code when the step fails. */
  failure: "install_failed" | "build_failed";
}

/** What to do with a tree, as data. `runtime` is in the artifact; `tools` are in the build's sandbox only. */
export interface BuildPlan {
  buildpack: string;
  runtime: readonly Toolchain[];
  tools: readonly Toolchain[];
  install: BuildStep | undefined;
  build: BuildStep | undefined;
  /** Folder that becomes the app layer; undefined = the whole tree. */
  output: string | undefined;
  /** Paths under the tree that become the dependency layer instead of the app layer. */
  dependencies: readonly string[];
  process: { command: Command; env: Readonly<Record<string, string>>; port: number };
}

export interface Buildpack {
  name: string;
  /** Why this buildpack fits, for people; undefined when it does not. */
  detect(tree: SourceTree, config: AppConfig): string | undefined;
  /** Throws SlipError no_start_command or invalid_config. */
  plan(tree: SourceTree, config: AppConfig): BuildPlan;
}
