// A folder of a source as a tree by itself, and what is decided of that put into the whole.
import { posix } from "node:path";
import type { BuildPlan, InstallStep, SourceTree } from "@slipstream/contract/ports/buildpack.ts";

export const below = (tree: SourceTree, folder: string): SourceTree => ({
  paths: tree.paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
  read: (path) => tree.read(posix.join(folder, path)),
});

/** What goes before the build of a folder. */
export type Preparing = Pick<BuildPlan, "tools" | "install" | "before">;

/** An install of its own. */
export const within = (folder: string, { inputs, ...step }: InstallStep): InstallStep => ({
  ...step,
  folder,
  inputs: inputs === "all" ? inputs : inputs.map((path) => posix.join(folder, path)),
});
