// compile.ts FOLDER…: loads every module below the folders that a process of ours could load, so that Node keeps what it made of each where
// NODE_COMPILE_CACHE says. Modules do nothing when they are loaded, the entries of our processes neither;
// other programs do, and are left out. One that cannot be loaded is the business of who loads it.
import { readdirSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";

const isLoadable = (path: string): boolean =>
  path.endsWith(".ts") && !/\.(test|conformance)\.ts$|-trial\.ts$|(^|\/)testing\/|(^|\/)main\.ts$|^main\/(?!control|edge|host)[^/]+$/.test(path);

const modulesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter(isLoadable)
    .map((path) => join(folder, path));

for (const path of process.argv.slice(2).flatMap(modulesIn)) await import(path).catch(() => undefined);
flushCompileCache();
process.exit();
