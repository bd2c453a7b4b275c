// Packages below the top of a repository that has several, and which one of them is the app.
import type { Command } from "@slipstream/contract/config.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { isDevelopmentServer } from "./development-server.ts";
import { PackageFile } from "./package-file.ts";
import type { PackageManager } from "./package-manager.ts";

interface Member {
  folder: string;
  scripts: Readonly<Record<string, string>>;
}

const parsed = (text: string): PackageFile | undefined => {
  try {
    return PackageFile.safeParse(JSON.parse(text)).data;
  } catch {
    // Whoever installs it says what is wrong with it.
    return undefined;
  }
};

const membersOf = (tree: SourceTree): Member[] =>
  tree.paths.flatMap((path) => {
    const folder = /^([\w.-]+(?:\/[\w.-]+)?)\/package\.json$/.exec(path)?.[1];
    const file = folder === undefined || folder.startsWith("node_modules") ? undefined : parsed(tree.read(path) ?? "");
    return folder === undefined || file === undefined ? [] : [{ folder, scripts: file.scripts }];
  });

/** Every package.json below the top that can be read. */
export const filesBelow = (tree: SourceTree): PackageFile[] =>
  tree.paths.flatMap((path) => (path.endsWith("/package.json") && !path.includes("node_modules/") ? (parsed(tree.read(path) ?? "") ?? []) : []));

/** Folders of the packages below the top that start a server. */
export const startingPackages = (tree: SourceTree): string[] =>
  membersOf(tree).flatMap(({ folder, scripts }) => (scripts.start === undefined || isDevelopmentServer(scripts.start, scripts) ? [] : [folder]));

export const isWorkspace = (tree: SourceTree, file: PackageFile): boolean => file.workspaces !== undefined || tree.paths.includes("pnpm-workspace.yaml");

/** Of a workspace in which one package alone has a start script, that one. */
export const onlyStart = (tree: SourceTree, file: PackageFile): Command | undefined => {
  const [folder, ...others] = isWorkspace(tree, file) ? startingPackages(tree) : [];
  return folder === undefined || others.length > 0 ? undefined : ["npm", "--prefix", folder, "start"];
};

/** The build scripts of all packages, where the top has none of its own. */
export const buildOfMembers = (tree: SourceTree, file: PackageFile, manager: PackageManager): string[] | undefined => {
  if (onlyStart(tree, file) === undefined || !membersOf(tree).some(({ scripts }) => "build" in scripts)) return undefined;
  const { name } = manager.toolchain;
  if (name === "npm") return ["npm", "run", "build", "--workspaces", "--if-present"];
  return name === "pnpm" ? ["pnpm", "--recursive", "--if-present", "run", "build"] : undefined;
};
