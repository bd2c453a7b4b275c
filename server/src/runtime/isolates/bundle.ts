// What a build has left of a function, read from the layers of its artifact.
import { constants, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FunctionBundle, type FunctionModule, functionBundleFile } from "@slipstream/contract/ports/function-bundle.ts";
import { appFolder, isOfApp } from "../app-layers.ts";
import type { LoadRequest } from "./line.ts";

/** A bigger one has a process of its own: Worker Loader takes 64 MiB, and this one goes as text. */
const modulesBytesMax = 32 * 2 ** 20;
const descriptionBytesMax = 2 ** 20;

export interface StoredFunction {
  bundle: FunctionBundle;
  /** Where its modules are. */
  folder: string;
  /** The layers below, which hold workerd. */
  below: readonly string[];
}

/** Infinity for what is no file: nothing else is read. */
const sizeOf = (path: string): number => {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : Number.POSITIVE_INFINITY;
};

/**
 * What a build has made is read as its own files alone: a link in it could lead to any file of the machine, which the host process may read and the
 * function would be given.
 */
const read = (path: string): Buffer => readFileSync(path, { flag: constants.O_RDONLY | constants.O_NOFOLLOW });

/** Anything else may have a file of that name. */
const descriptionIn = (folder: string): FunctionBundle | undefined => {
  const file = join(folder, functionBundleFile);
  if (sizeOf(file) > descriptionBytesMax) return undefined;
  try {
    return FunctionBundle.safeParse(JSON.parse(read(file).toString())).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const modulesBytes = (folder: string, modules: readonly FunctionModule[]): number => modules.reduce((sum, { file }) => sum + sizeOf(join(folder, file)), 0);

/** The function in an artifact's layers, lowest first; undefined where there is none that may share a process. */
export const sharedFunctionIn = (layers: readonly string[]): StoredFunction | undefined => {
  const top = layers.at(-1);
  if (top === undefined || !isOfApp(top)) return undefined;
  const folder = join(top, appFolder);
  const bundle = descriptionIn(folder);
  if (bundle === undefined || bundle.process === "own" || modulesBytes(folder, bundle.modules) > modulesBytesMax) return undefined;
  return { bundle, folder, below: layers.slice(0, -1) };
};

/** Its code, as the router takes it. */
export const modulesOf = ({ bundle, folder }: Pick<StoredFunction, "bundle" | "folder">): LoadRequest["modules"] =>
  bundle.modules.map(({ name, kind, file }) => ({ name, kind, content: read(join(folder, file)).toString(kind === "esModule" ? "utf8" : "base64") }));

/** Those of the sandbox itself, which are no bindings. */
const hidden = new Set(["PATH", "HOME", "HOST", "PORT", "LANG", "PWD", "OLDPWD", "SHLVL", "_"]);

/** What of an instance's environment a function has as its bindings. Pure. */
export const bindingsOf = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => /^[A-Za-z_]\w*$/.test(name) && !hidden.has(name)));
