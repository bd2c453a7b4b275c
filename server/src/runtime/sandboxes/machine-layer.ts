// A layer made of programs of this machine and the libraries that they need.
import { copyFileSync, existsSync, linkSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { librariesOf } from "#platform/libraries.ts";

const place = (source: string, target: string): void => {
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target);
  }
};

/** Puts `programs` (path in the layer → path on the machine) into `folder`, by links where the file system can. */
export const makeMachineLayer = async (folder: string, programs: Readonly<Record<string, string>>): Promise<void> => {
  for (const [path, source] of Object.entries(programs)) place(realpathSync(source), join(folder, path));
  for (const library of await librariesOf(Object.values(programs))) place(realpathSync(library), join(folder, library));
};
