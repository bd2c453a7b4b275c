// Which file of a tree is a function, where nothing says how to start a server. Pure.
import { posix } from "node:path";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { frontEndFramework } from "../node/front-end.ts";
import type { PackageFile } from "../node/package-file.ts";
import { exportsFunction, type ModuleSource, opensPort } from "./default-export.ts";

const extensions: readonly string[] = ["js", "mjs", "ts", "mts", "jsx", "tsx"];
const names: readonly string[] = ["index", "worker", "function", "src/index", "src/worker"];
const usual: readonly string[] = names.flatMap((name) => extensions.map((extension) => `${name}.${extension}`));

const candidates = (tree: SourceTree, file: PackageFile): string[] => {
  const main = file.main === undefined ? [] : [posix.normalize(file.main)].filter((path) => extensions.some((extension) => path.endsWith(`.${extension}`)));
  return [...main, ...usual].filter((path) => tree.paths.includes(path));
};

/** The file that a relative import means: with its extension, without, or with that of what it is compiled to. */
const resolved = (paths: ReadonlySet<string>, from: string, specifier: string): string | undefined => {
  const path = posix.join(posix.dirname(from), specifier);
  const bare = path.replace(/\.[cm]?jsx?$/, "");
  const all = [...extensions, "cjs", "cts"];
  return [path, ...all.map((extension) => `${bare}.${extension}`), ...all.map((extension) => `${path}/index.${extension}`)].find((each) => paths.has(each));
};

/** The entry and every file of the tree that it imports, with their texts. */
const reachable = (tree: SourceTree, entry: string): Map<string, string> => {
  const paths = new Set(tree.paths);
  const texts = new Map<string, string>();
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const text = texts.has(path) ? undefined : tree.read(path);
    if (text === undefined) continue;
    texts.set(path, text);
    for (const [, specifier = ""] of text.matchAll(/(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*["'](\.{1,2}\/[^"'\n]+)["']/g))
      waiting.push(...[resolved(paths, path, specifier)].filter((each) => each !== undefined));
  }
  return texts;
};

const moduleAt = (tree: SourceTree, path: string, paths: ReadonlySet<string> = new Set(tree.paths)): ModuleSource => ({
  text: tree.read(path) ?? "",
  follow: (specifier) => {
    const other = resolved(paths, path, specifier);
    return other === undefined ? undefined : moduleAt(tree, other, paths);
  },
});

/** Programs beside the entry, of which one may be the server that it is a part of. */
const neighbours = (tree: SourceTree): string[] => tree.paths.filter((path) => /^(src\/)?[\w-]+\.[cm]?[jt]s$/.test(path));

const isFunction = (tree: SourceTree, entry: string): boolean => {
  if (!exportsFunction(moduleAt(tree, entry))) return false;
  const texts = [...reachable(tree, entry).values(), ...neighbours(tree).map((path) => tree.read(path) ?? "")];
  return !texts.some(opensPort);
};

/** Where a source that is known to be a function has its entry: the first of the usual files that there is. */
export const usualEntry = (tree: SourceTree, file: PackageFile): string | undefined => {
  const found = candidates(tree, file);
  return found.find((path) => exportsFunction(moduleAt(tree, path))) ?? found[0];
};

/** The entry of a tree that is a function by all signs; undefined where it could be anything else. */
export const functionEntry = (tree: SourceTree, file: PackageFile): string | undefined => {
  const isSite = tree.paths.includes("index.html") && !tree.paths.includes("package.json");
  if (isSite || frontEndFramework(file) !== undefined) return undefined;
  return candidates(tree, file).find((path) => isFunction(tree, path));
};
