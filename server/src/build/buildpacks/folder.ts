// A folder of a source as a tree by itself, and what is decided of that put into the whole.
import { posix } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { BuildPlan, InstallStep, SourceTree } from "@slipstream/contract/ports/buildpack.ts";

export const below = (tree: SourceTree, folder: string): SourceTree => {
  // Of most only a file is read: a repository may have thousands of them, and a hundred thousand paths.
  let paths: readonly string[] | undefined;
  return {
    get paths() {
      paths ??= tree.paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
      return paths;
    },
    read: (path) => tree.read(posix.join(folder, path)),
  };
};

/** What goes before the build of a folder. */
export type Preparing = Pick<BuildPlan, "tools" | "install" | "before">;

/** An install of its own. */
export const within = (folder: string, { inputs, ...step }: InstallStep): InstallStep => ({
  ...step,
  folder,
  inputs: inputs === "all" ? inputs : inputs.map((path) => posix.join(folder, path)),
});

/** What is wrong with a folder, with the names of its files as they are in the whole. */
export const errorIn = (folder: string, error: SlipError): SlipError => {
  const placed = (text: string): string =>
    text.replace(/(?<![\w./-])(?:slip\.toml|package\.json|pyproject\.toml|requirements\.txt|wrangler\.(?:toml|jsonc?)|Procfile)\b/g, `${folder}/$&`);
  const { cause, file, ...details } = error.details;
  return new SlipError(error.code, placed(error.message), {
    ...details,
    ...(cause === undefined ? {} : { cause: placed(cause) }),
    ...(file === undefined ? {} : { file: placed(file) }),
    next: error.nextActions.map(placed),
  });
};
