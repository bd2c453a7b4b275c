// Workspaces of nx: it concludes from a package's settings how that is built, where no script says so.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { z } from "zod";
import { below } from "../folder.ts";
import { dependsOn, parsePackageFile } from "./package-file.ts";

const targets = z.record(z.string(), z.unknown()).default({});
const Project = z.object({ name: z.string().optional(), targets });
const Package = z.object({ name: z.string().optional(), scripts: targets, nx: z.object({ name: z.string().optional(), targets }).optional() });
const Settings = z.object({ plugins: z.array(z.unknown()).default([]) });

/** Undefined where there is none, or what is no JSON: nx itself says what is wrong with it. */
export const jsonOf = <T>(tree: SourceTree, path: string, schema: z.ZodType<T>): T | undefined => {
  try {
    return schema.safeParse(JSON.parse(tree.read(path) ?? "")).data;
  } catch {
    return undefined;
  }
};

export const hasNx = (tree: SourceTree): boolean => {
  const top = parsePackageFile(tree);
  return !(top instanceof SlipError) && dependsOn(top, "nx") && tree.paths.includes("nx.json");
};

/** The name by which nx builds a package that has no build script; undefined where that has one, or nothing says that nx builds it. */
const builtByNx = (tree: SourceTree, folder: string): string | undefined => {
  const own = below(tree, folder);
  const file = jsonOf(own, "package.json", Package);
  const project = jsonOf(own, "project.json", Project);
  if (file === undefined || "build" in file.scripts) return undefined;
  const isSaid = [project?.targets, file.nx?.targets].some((all) => all !== undefined && "build" in all);
  const isConcluded = (jsonOf(tree, "nx.json", Settings)?.plugins.length ?? 0) > 0;
  return isSaid || isConcluded ? (project?.name ?? file.nx?.name ?? file.name) : undefined;
};

/** Builds those of these packages, in its own order, that nx alone knows how to build: it passes over what it knows no build of. */
export const nxBuild = (tree: SourceTree, folders: readonly string[]): string[] | undefined => {
  const names = hasNx(tree) ? folders.flatMap((folder) => builtByNx(tree, folder) ?? []) : [];
  return names.length === 0 ? undefined : ["nx", "run-many", "--targets=build", `--projects=${names.join(",")}`];
};

/** What it keeps for its next run is no part of an app, and nobody looks at its screen. */
export const nxEnvironment: Readonly<Record<string, string>> = {
  NX_DAEMON: "false",
  NX_TUI: "false",
  NX_NO_CLOUD: "true",
  NX_CACHE_DIRECTORY: "/cache/nx",
  NX_WORKSPACE_DATA_DIRECTORY: "/scratch/nx",
};

const Outputs = z.object({ targets: z.object({ build: z.object({ options: z.object({ outputPath: z.string() }) }) }) });

/** What is said of a folder that only the top of its repository has the packages of; undefined where it is none. */
export const nxProject = (tree: SourceTree): SlipError | undefined => {
  const project = tree.paths.includes("package.json") ? undefined : jsonOf(tree, "project.json", Project);
  if (project === undefined) return undefined;
  const name = project.name ?? "NAME";
  const output = jsonOf(tree, "project.json", Outputs)?.targets.build.options.outputPath.replace("{workspaceRoot}/", "") ?? `dist/apps/${name}`;
  return new SlipError("no_buildpack", undefined, {
    cause: "It is a project of nx without a package.json: its packages are those of the top of the repository.",
    next: [
      "Deploy it with its repository, which has nx.json at the top: 'slip deploy REPOSITORY --subfolder FOLDER'.",
      `Or set [build] command = "nx build ${name}" in a slip.toml at the top, with [run] command = "node ${output}/main.js" for a server or [build] output = "${output}" for a site, and deploy the top.`,
      "Or give the folder a package.json, and name it in workspaces of the package.json at the top.",
    ],
  });
};
