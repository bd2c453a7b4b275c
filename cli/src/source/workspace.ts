// A folder that is a package of a workspace is sent with all of that: what it needs of the others is there, and so is the lock file.
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { workspaceOf } from "@slipstream/contract/workspace.ts";

/** What to send of a folder, and which package of it is the app. */
export interface SourceFolder {
  folder: string;
  package?: string;
}

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

/** The folder in which to look no further up: the repository's, else the machine's. */
const topOf = (folder: string): string => {
  for (let at = folder; ; at = dirname(at)) if (existsSync(join(at, ".git")) || dirname(at) === at) return at;
};

const realOf = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    // Who reads it says that it is not there.
    return resolve(path);
  }
};

/** `within` is a folder that what is sent may not lead out of. */
export const sourceFolder = (path: string, within?: string): SourceFolder => {
  const folder = realOf(path);
  const top = within === undefined ? topOf(folder) : realOf(within);
  const found = workspaceOf(relative(top, folder), (file) => textOf(join(top, file)));
  return found === undefined ? { folder } : { folder: join(top, found.workspace), package: found.package };
};
