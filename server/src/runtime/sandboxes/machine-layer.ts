// A layer made of programs of this machine and the libraries that they need.
import { copyFileSync, existsSync, linkSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { execOrThrow } from "#platform/exec.ts";

const place = (source: string, target: string): void => {
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target);
  }
};

const librariesOf = async (programs: readonly string[]): Promise<Set<string>> => {
  const found = new Set<string>();
  for (const program of programs)
    for (const [, path] of (await execOrThrow(["ldd", program])).matchAll(/(\/\S+) \(0x/g)) if (path !== undefined) found.add(path);
  return found;
};

/** Puts `programs` (path in the layer → path on the machine) into `folder`, by links where the file system can. */
export const makeMachineLayer = async (folder: string, programs: Readonly<Record<string, string>>): Promise<void> => {
  for (const [path, source] of Object.entries(programs)) place(realpathSync(source), join(folder, path));
  for (const library of await librariesOf(Object.values(programs))) place(realpathSync(library), join(folder, library));
};
