// A server that is one file of Node's, or a few, without a package.json.
import { isBuiltin } from "node:module";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Buildpack, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { opensPort } from "../function/default-export.ts";
import { nodePlan } from "./node.ts";
import { PackageFile } from "./package-file.ts";

const usual: readonly string[] = ["server", "index", "app", "main"];

const imported = /^(?![ \t]*(?:\/\/|\*)).*?(?:\bfrom|^[ \t]*import|\bimport\s*\(|\brequire\s*\()\s*["']([^"'\n]+)["']/gm;

/** What the file imports by name: modules of Node's and packages. */
const importsOf = (text: string): string[] => [...text.matchAll(imported)].map(([, name = ""]) => name).filter((name) => !/^[./#]/.test(name));

/** Those that only a package.json can bring; Bun's own come with Bun. */
const packagesOf = (text: string): string[] => {
  const names = importsOf(text).filter((name) => !isBuiltin(name) && !/^(?:\w+:|bun$)/.test(name));
  return [...new Set(names.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name))];
};

/** What is longer was made by a bundler, for pages: nobody writes a server of one file like that. */
const longestBytes = 256 * 1024;

/** Deno's servers, and what only Deno imports, are no programs of Node's. */
export const isDeno = (text: string): boolean => /\bDeno\.\w|\b(?:from|import)\s*["'](?:jsr|npm|https?):/.test(text);

/** Scripts of pages import nothing by such names. */
const isServer = (text: string): boolean =>
  text.length <= longestBytes && !isDeno(text) && (importsOf(text).length > 0 || /\bBun\.serve\b/.test(text)) && opensPort(text);

/** The first by the usual names; else the only one that there is. */
const serverOf = (tree: SourceTree): string | undefined => {
  const servers = tree.paths.filter((path) => /^[\w-]+\.[cm]?[jt]s$/.test(path) && isServer(tree.read(path) ?? ""));
  const named = usual.flatMap((name) => servers.find((path) => path.startsWith(`${name}.`)) ?? []);
  return named[0] ?? (servers.length === 1 ? servers[0] : undefined);
};

const withoutPackages = (path: string, packages: readonly string[]): SlipError =>
  new SlipError("no_buildpack", undefined, {
    file: path,
    cause: `${path} imports ${packages.join(", ")}, and there is no package.json that says so.`,
    next: [`Run 'npm init -y && npm install ${packages.join(" ")}' in the folder of ${path}, then deploy again.`],
  });

export const singleFile: Buildpack = {
  name: "node",
  detect(tree) {
    const path = tree.paths.includes("package.json") ? undefined : serverOf(tree);
    // Beside a page it is only a server for certain where it needs nothing that is missing.
    const isSite = path !== undefined && tree.paths.includes("index.html") && packagesOf(tree.read(path) ?? "").length > 0;
    return isSite ? undefined : path;
  },
  plan(tree, config) {
    const path = serverOf(tree);
    const packages = path === undefined ? [] : packagesOf(tree.read(path) ?? "");
    if (path !== undefined && packages.length > 0) throw withoutPackages(path, packages);
    return nodePlan(tree, config, PackageFile.parse(path === undefined ? {} : { main: path }));
  },
};
