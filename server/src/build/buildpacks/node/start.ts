// How a Node app is started.
import type { AppConfig, Command } from "@slipstream/contract/config.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { webCommand } from "../procfile.ts";
import { nitro, qwik } from "./front-end.ts";
import { dependsOn, type PackageFile } from "./package-file.ts";
import { startScriptOf } from "./start-script.ts";

const entryFiles: readonly string[] = [
  "server.js",
  "index.js",
  "app.js",
  "main.js",
  "server.mjs",
  "index.mjs",
  "server.cjs",
  "server.ts",
  "index.ts",
  "src/server.js",
  "src/index.js",
  "src/app.js",
  "src/main.js",
  "app.ts",
  "main.ts",
  "src/server.ts",
  "src/index.ts",
  "src/app.ts",
  "src/main.ts",
];

/** What frameworks' builds make, for packages without a start script. */
const frameworkServers: readonly (readonly [string, string])[] = [
  ["nuxt", "node .output/server/index.mjs"],
  ["@sveltejs/adapter-node", "node build"],
  ["@sveltejs/adapter-auto", "node build"],
  ["@astrojs/node", "node dist/server/entry.mjs"],
  ["next", "next start"],
  ["@remix-run/serve", "remix-serve build/server/index.js"],
  ["@react-router/serve", "react-router-serve build/server/index.js"],
  ["@nestjs/core", "node dist/main.js"],
  ...nitro.map((name) => [name, "node .output/server/index.mjs"] as const),
];

/** What generators of packages call a start that is not for development. */
const productionScripts: readonly string[] = ["start:prod", "start:production"];

/** Qwik's start script is for development, and each of its adapters for servers writes this one. */
const adapterScript = (file: PackageFile): string | undefined =>
  qwik.some((name) => dependsOn(file, name)) && /^(?:node|bun)\s/.test(file.scripts.serve ?? "") ? file.scripts.serve : undefined;

/** Angular's start script is for development; what it adds for its server has the name of the project. */
const angularServer = (file: PackageFile): string | undefined =>
  dependsOn(file, "@angular/ssr") ? Object.entries(file.scripts).find(([name]) => /^serve:ssr(?::|$)/.test(name))?.[1] : undefined;

const startScript = (file: PackageFile): string | undefined =>
  startScriptOf(file).start ??
  productionScripts.map((name) => file.scripts[name]).find((script) => script !== undefined) ??
  adapterScript(file) ??
  angularServer(file);

const mainFile = (tree: SourceTree, file: PackageFile, isBuilt: boolean): string | undefined => {
  const main = file.main?.replace(/^\.\//, "");
  if (main !== undefined && [main, `${main}.js`].some((path) => tree.paths.includes(path))) return main;
  if (main !== undefined && isBuilt && /^(dist|build|out|lib)\//.test(main)) return main;
  return entryFiles.find((path) => tree.paths.includes(path));
};

/** What someone has said explicitly. */
export const declaredStart = (tree: SourceTree, file: PackageFile, config: AppConfig): Command | undefined =>
  config.run?.command ?? webCommand(tree) ?? startScript(file);

/** What only Bun has: Node would not know it. */
const needsBun = (text: string): boolean => /\bBun\.(?:serve|file|env|write|sql)\b|\bfrom ["']bun(?::\w+)?["']/.test(text);

/** A script that runs this file in Bun, most often for development. */
const bunRuns = ({ scripts }: PackageFile, main: string): boolean =>
  Object.values(scripts).some((script) => /^bun\s/.test(script) && script.split(/\s+/).some((word) => word.replace(/^\.\//, "") === main));

/** What can be concluded from the files, when nothing is said. */
export const impliedStart = (tree: SourceTree, file: PackageFile, isBuilt: boolean): Command | undefined => {
  const framework = isBuilt ? frameworkServers.find(([name]) => dependsOn(file, name)) : undefined;
  if (framework) return framework[1];
  const main = mainFile(tree, file, isBuilt);
  return main === undefined ? undefined : [bunRuns(file, main) || needsBun(tree.read(main) ?? "") ? "bun" : "node", main];
};
