// What is said of a package of which nothing tells how it starts.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { qwik } from "./front-end.ts";
import { dependsOn, type PackageFile, parsePackageFile } from "./package-file.ts";
import { startingPackages } from "./workspace-packages.ts";

/** Files outside of folders that open a port. */
const servers = (tree: SourceTree): string[] =>
  tree.paths.filter((path) => /^(src\/)?[\w-]+\.(js|mjs|cjs|ts|mts)$/.test(path) && /\.listen\(|\bserve\(/.test(tree.read(path) ?? ""));

/** Frameworks that make what an adapter says, the adapter whose server starts anywhere, and how one comes to it. */
const adapters: readonly (readonly [framework: string, own: string, next: string])[] = [
  ["@sveltejs/kit", "@sveltejs/adapter-node", "Use the adapter @sveltejs/adapter-node."],
  ["astro", "@astrojs/node", "Use the adapter @astrojs/node."],
  ...qwik.map((name) => [name, "", "Run 'npm run qwik add node-server' for a server, or 'npm run qwik add static' for a static site."] as const),
  ...["@tanstack/react-start", "@tanstack/solid-start"].map(
    (name) => [name, "nitro", "Install nitro, and add nitro() of nitro/vite to the plugins of vite.config.ts."] as const,
  ),
];

const reason = (tree: SourceTree, file: PackageFile): { cause?: string; next: string[] } => {
  const adapter = adapters.find(([framework, own]) => dependsOn(file, framework) && !dependsOn(file, own));
  if (adapter) return { cause: `The adapter of ${adapter[0]} makes no server that starts here.`, next: [adapter[2]] };
  const found = servers(tree).slice(0, 2);
  if (found.length > 0)
    return { cause: `Nothing says that ${found[0]} is what starts.`, next: found.map((path) => `Set [run] command = "node ${path}" in slip.toml.`) };
  const below = packagesBelow(tree);
  if (below) return below;
  const purpose = otherPurpose(file);
  return purpose === undefined ? { next: [] } : { cause: purpose, next: [] };
};

/** What a package is that others install, and that answers no requests by itself; undefined where nothing says so. */
const otherPurpose = (file: PackageFile): string | undefined => {
  if (file.bin !== undefined) return "package.json has bin: it is a program for the command line, which ends when it has done its work.";
  const isLibrary = (file.exports ?? file.types) !== undefined || (file.files !== undefined && file.main !== undefined);
  return isLibrary ? "package.json says what others import of it: it is a library, and nothing in it answers requests." : undefined;
};

/** What is said where packages below the top could be what was meant; undefined where there are none. */
const packagesBelow = (tree: SourceTree): { cause: string; next: string[] } | undefined => {
  const packages = startingPackages(tree).slice(0, 3);
  if (packages.length === 0) return undefined;
  return {
    cause: `The package at the top has no start script; ${packages.join(", ")} ${packages.length === 1 ? "has" : "have"} one.`,
    next: packages.map((folder) => `Deploy that package: 'slip deploy SOURCE --subfolder ${folder}', or set [build] package = "${folder}" in slip.toml.`),
  };
};

const notAnApp = (tree: SourceTree): { cause: string; next: string[] } | undefined => {
  const file = parsePackageFile(tree);
  const cause = file instanceof SlipError ? undefined : otherPurpose(file);
  return cause === undefined ? undefined : { cause, next: ["Deploy an app that uses it, or pages that show it: 'slip deploy SOURCE --subfolder FOLDER'."] };
};

/** A build that has made no site: of a package that is no app, or of a workspace, and meant for packages below, which start. Other errors stay. */
export const withPackages = (error: unknown, tree: SourceTree, { build }: AppConfig): unknown => {
  if (!(error instanceof SlipError) || error.code !== "output_missing" || build?.output !== undefined || build?.package !== undefined) return error;
  const found = packagesBelow(tree) ?? notAnApp(tree);
  return found ? new SlipError(error.code, error.message, { ...error.details, cause: found.cause, next: [...found.next, ...error.nextActions] }) : error;
};

export const noStart = (tree: SourceTree, file: PackageFile): SlipError => {
  const { cause, next } = reason(tree, file);
  const summary = "package.json has no start script, and there is no Procfile, no [run] command and no server.js or index.js.";
  const usual = "Add a start script to package.json, or a Procfile with a line that begins with 'web:'.";
  return new SlipError("no_start_command", summary, { file: "package.json", ...(cause === undefined ? {} : { cause }), next: [...next, usual] });
};
