// Packages below the top of a repository that has several, and which one of them is the app.
import { posix } from "node:path";
import type { Command } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { below } from "../folder.ts";
import { isDevelopmentServer } from "./development-server.ts";
import { type PackageFile, parsePackageFile } from "./package-file.ts";
import type { PackageManager } from "./package-manager.ts";

export interface Found {
  folder: string;
  /** Or what is wrong with it. */
  file: PackageFile | SlipError;
}
export interface Member extends Found {
  file: PackageFile;
}

/** The packages below the top, in folders that are wanted. */
export const packagesBelow = (tree: SourceTree, isWanted: (folder: string) => boolean = () => true): Found[] =>
  tree.paths
    .filter((path) => path.endsWith("/package.json") && !path.includes("node_modules/"))
    .map((path) => posix.dirname(path))
    .filter(isWanted)
    .map((folder) => ({ folder, file: parsePackageFile(below(tree, folder)) }));

/** Those of them that can be read: of the others says what is wrong whoever installs them. */
export const membersOf = (tree: SourceTree, isWanted?: (folder: string) => boolean): Member[] =>
  packagesBelow(tree, isWanted).flatMap(({ folder, file }) => (file instanceof SlipError ? [] : [{ folder, file }]));

/** One that is looked for without being named lies where most do, and its name can stand in a command as it is. */
const isUsual = (folder: string): boolean => /^[\w.-]+(?:\/[\w.-]+)?$/.test(folder);

/** Folders of the packages below the top that start a server. */
export const startingPackages = (tree: SourceTree): string[] =>
  membersOf(tree, isUsual).flatMap(({ folder, file: { scripts } }) =>
    scripts.start === undefined || isDevelopmentServer(scripts.start, scripts) ? [] : [folder],
  );

export const isWorkspace = (tree: SourceTree, file: PackageFile): boolean => file.workspaces !== undefined || tree.paths.includes("pnpm-workspace.yaml");

/** Of a workspace in which one package alone has a start script, that one. */
export const onlyStart = (tree: SourceTree, file: PackageFile): Command | undefined => {
  const [folder, ...others] = isWorkspace(tree, file) ? startingPackages(tree) : [];
  return folder === undefined || others.length > 0 ? undefined : ["npm", "--prefix", folder, "start"];
};

/** The build scripts of all packages, where the top has none of its own. */
export const buildOfMembers = (tree: SourceTree, file: PackageFile, manager: PackageManager): string[] | undefined => {
  if (onlyStart(tree, file) === undefined || !membersOf(tree, isUsual).some(({ file }) => "build" in file.scripts)) return undefined;
  const { name } = manager.toolchain;
  if (name === "npm") return ["npm", "run", "build", "--workspaces", "--if-present"];
  return name === "pnpm" ? ["pnpm", "--recursive", "--if-present", "run", "build"] : undefined;
};
