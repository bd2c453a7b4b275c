// The top of a workspace of uv: its packages are no part of the app that it is itself, and each of them may be one.
import { posix } from "node:path";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { isNamed, uvPatterns } from "@slipstream/contract/workspace.ts";

/** Folders of the packages; none where the tree is no top of a workspace. */
export const uvMembers = (tree: SourceTree): string[] => {
  const patterns = tree.workspace === "uv" ? [] : uvPatterns(tree.read("pyproject.toml") ?? "");
  if (patterns.length === 0) return [];
  return tree.paths
    .filter((path) => path.endsWith("/pyproject.toml"))
    .map((path) => posix.dirname(path))
    .filter((folder) => isNamed(patterns, folder));
};

/** What is left of a tree without its packages. */
export const withoutMembers = (tree: SourceTree): SourceTree => {
  const members = uvMembers(tree);
  return members.length === 0 ? tree : { ...tree, paths: tree.paths.filter((path) => !members.some((folder) => path.startsWith(`${folder}/`))) };
};
