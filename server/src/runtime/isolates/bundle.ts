// What a build has left of a function, read from the layers of its artifact.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { FunctionBundle, type FunctionModule, functionBundleFile } from "@slipstream/contract/ports/function-bundle.ts";
import { appFolder, isOfApp } from "../app-layers.ts";
import type { LoadRequest } from "./line.ts";

/** A bigger one has a process of its own: Worker Loader takes 64 MiB, and this one goes as text. */
const modulesBytesMax = 32 * 2 ** 20;

export interface StoredFunction {
  bundle: FunctionBundle;
  /** Where its modules are. */
  folder: string;
  /** The layers below, which hold workerd. */
  below: readonly string[];
}

const sizeOf = (folder: string, modules: readonly FunctionModule[]): number => modules.reduce((sum, { file }) => sum + statSync(join(folder, file)).size, 0);

/** The function in an artifact's layers, lowest first; undefined where there is none that may share a process. */
export const sharedFunctionIn = (layers: readonly string[]): StoredFunction | undefined => {
  const top = layers.at(-1);
  if (top === undefined || !isOfApp(top)) return undefined;
  const folder = join(top, appFolder);
  const file = join(folder, functionBundleFile);
  if (!existsSync(file)) return undefined;
  const bundle = FunctionBundle.parse(JSON.parse(readFileSync(file, "utf8")));
  if (bundle.process === "own" || sizeOf(folder, bundle.modules) > modulesBytesMax) return undefined;
  return { bundle, folder, below: layers.slice(0, -1) };
};

/** Its code, as the router takes it. */
export const modulesOf = ({ bundle, folder }: Pick<StoredFunction, "bundle" | "folder">): LoadRequest["modules"] =>
  bundle.modules.map(({ name, kind, file }) => ({ name, kind, content: readFileSync(join(folder, file), kind === "esModule" ? "utf8" : "base64") }));

/** Those of the sandbox itself, which are no bindings. */
const hidden = new Set(["PATH", "HOME", "HOST", "PORT", "LANG", "PWD", "OLDPWD", "SHLVL", "_"]);

/** What of an instance's environment a function has as its bindings. Pure. */
export const bindingsOf = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => /^[A-Za-z_]\w*$/.test(name) && !hidden.has(name)));
