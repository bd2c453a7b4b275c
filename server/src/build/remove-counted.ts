// Deletes, and counts what that frees.
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "#platform/files.ts";

export interface Counted {
  removed: number;
  freedBytes: number;
}

/** What a file or folder takes on the disk; another name of the same file takes nothing. */
export const bytesOf = async (path: string): Promise<number> => {
  const stats = await lstat(path);
  if (!stats.isDirectory()) return stats.nlink > 1 ? 0 : stats.blocks * 512;
  let sum = stats.blocks * 512;
  for (const name of await readdir(path)) sum += await bytesOf(join(path, name));
  return sum;
};

/** Removes a file or folder and adds what it took on the disk. Gone already is fine. */
export const removeCounted = async (path: string, counted: Counted): Promise<void> => {
  if (!(await lstat(path).catch(() => undefined))) return;
  // What cannot be counted, being nested too deep say, is removed all the same.
  const bytes = await bytesOf(path).catch(() => 0);
  await removeTree(path);
  counted.removed += 1;
  counted.freedBytes += bytes;
};
