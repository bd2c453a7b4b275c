// What is known of a folder from one deployment to the next: a file of JSON for each, which may be lost at any time.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const pathOf = (folder: string, kind: string, root: string): string =>
  join(folder, kind, `${createHash("sha256").update(root).digest("hex").slice(0, 32)}.json`);

/** What is known of `root`, of one kind, by the cache in `folder`; undefined where that is nothing. */
export const readCache = (folder: string, kind: string, root: string): unknown => {
  try {
    return JSON.parse(readFileSync(pathOf(folder, kind, root), "utf8"));
  } catch {
    return undefined;
  }
};

/** Never fails: a cache that cannot be written is none. */
export const writeCache = (folder: string, kind: string, root: string, value: unknown): void => {
  const path = pathOf(folder, kind, root);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(value), { mode: 0o600 });
    renameSync(`${path}.${process.pid}`, path);
  } catch {
    // The next deployment finds it out again.
  }
};
