// Yarn's Plug'n'Play: its file says where the packages of the machine that wrote it are, and here they are in node_modules.
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";

const files = /^\.pnp\.(?:c?js|data\.json|loader\.mjs)$/;

/** Yarn, esbuild and others go by such a file wherever they find one. Whose scripts load it themselves needs it all the same. */
export const plugAndPlayFiles = (tree: SourceTree): string[] => {
  const found = tree.paths.filter((path) => files.test(path));
  return found.length === 0 || /\.pnp\.c?js\b/.test(tree.read("package.json") ?? "") ? [] : found;
};
