// Files that must survive power loss, and files that must appear whole.
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { execOrThrow } from "./exec.ts";

const removeMs = 600_000;

/** Makes the content of a file, or the names in a folder, safe on disk. */
export const sync = async (path: string): Promise<void> => {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Makes the names of files safe on disk, and those of the folders that lead to them from `root`: a file that nobody can find is lost. */
export const syncNames = async (root: string, paths: readonly string[]): Promise<void> => {
  const folders = new Set<string>();
  for (const path of paths) for (let at = dirname(path); at.startsWith(root) && !folders.has(at); at = dirname(at)) folders.add(at);
  await Promise.all([...folders].map(sync));
};

/** As `sync`, at once. Makes names that were added to or taken from a folder safe on disk. */
export const syncFolder = (path: string): void => {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};

/** Writes a file so that after a crash it is either the old one or the new one, whole. `group` may read it where given. */
export const writeDurably = (path: string, content: string | Buffer, mode: number): void => {
  const temporary = `${path}.${process.pid}.new`;
  const file = openSync(temporary, "w", mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
};

/** Writes a file that others may be writing in the same moment: the first one stays, and survives power loss. */
export const writeOnce = (path: string, content: string, mode: number): void => {
  if (existsSync(path)) return;
  const temporary = `${path}.${process.pid}.once`;
  writeFileSync(temporary, content, { mode, flush: true, flag: "wx" });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(temporary);
  }
  syncFolder(dirname(path));
};

/** Gives a folder its name, unless another was given that in the same moment: theirs is as good, and the folder stays where it is. */
export const moveUnlessThere = async (from: string, to: string): Promise<void> => {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
};

/** Removes a tree that strangers made: its folders may be nested deeper than any path can name. Absent is fine. */
export const removeTree = async (path: string): Promise<void> => {
  await rm(path, { recursive: true, force: true }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENAMETOOLONG") throw error;
    await execOrThrow(["rm", "-rf", "--one-file-system", "--", path], { timeoutMs: removeMs });
  });
};
