// Files that do not belong to the process which needs them: put back from a backup without their owners, or changed by a chown that went too far.
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Home } from "#platform/home.ts";
import { type Installation, uids } from "#platform/installation.ts";
import { diskFolders, type Folder } from "./folders.ts";

const entriesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  } catch {
    return [];
  }
};

/** Where root writes too, lines of the host and sources that it fetches from git, the group says who reads. Each start puts the folder itself right. */
const isForeign = (home: Home, { path, uid, gid }: Folder, file: string): boolean => {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  return stat !== undefined && (path === home.sources || uid === 0 ? stat.gid !== gid : stat.uid !== uid);
};

export interface Foreign {
  /** The first that was found. */
  file: string;
  /** What gives all of its folder back. */
  command: string;
}

/** One of each folder that a process without root reads, where there is one. */
export const foreignFiles = (home: Home, installation: Installation): Foreign[] =>
  diskFolders(home, uids(installation))
    .filter(({ uid, gid }) => uid !== 0 || gid !== 0)
    .flatMap((folder) => {
      const file = entriesIn(folder.path).find((entry) => isForeign(home, folder, entry));
      return file === undefined ? [] : [{ file, command: `chown -R ${folder.uid}:${folder.gid} ${folder.path}` }];
    });

/** Why a process cannot read what is its own; undefined when all is. */
export const wrongOwners = (home: Home, installation: Installation): SlipError | undefined => {
  const found = foreignFiles(home, installation);
  if (found.length === 0) return undefined;
  return new SlipError("wrong_owner", `${found[0]?.file} does not belong to the process that needs it.`, {
    next: `Run '${found.map(({ command }) => command).join(" && ")}', then 'slip up'.`,
  });
};
