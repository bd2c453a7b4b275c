// Walks a folder that becomes a layer, always in the same order, and makes the modes what every layer has.
import type { Stats } from "node:fs";
import { chmod, lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { inByteOrder } from "@slipstream/contract/byte-order.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { removeTree } from "#platform/files.ts";

/** One thing in a layer. `name` is relative to the root of the image. Other kinds (sockets, pipes, devices) have no place in one. */
export type TreeEntry =
  | { type: "directory"; name: string; path: string; mode: number }
  | { type: "file"; name: string; path: string; size: number; executable: boolean }
  | { type: "link"; name: string; target: string }
  | { type: "whiteout"; name: string };

/** An overlay marks a deleted file by a character device 0:0. */
const isWhiteout = (stats: Stats): boolean => stats.isCharacterDevice() && stats.rdev === 0;

const fileMode = (stats: Stats): number => (stats.mode & 0o111 ? 0o755 : 0o644);

/** Everyone may write in these: runtimes that mount something over them take over their modes. */
const openFolders: readonly string[] = ["tmp", "var/tmp"];
export const folderMode = (name: string): number => (openFolders.includes(name) ? 0o1777 : 0o755);

const entryOf = async (name: string, path: string): Promise<TreeEntry | undefined> => {
  const stats = await lstat(path);
  if (stats.isDirectory()) {
    const mode = folderMode(name);
    if ((stats.mode & 0o7777) !== mode) await chmod(path, mode);
    return { type: "directory", name, path, mode };
  }
  if (stats.isFile()) {
    if ((stats.mode & 0o7777) !== fileMode(stats)) await chmod(path, fileMode(stats));
    return { type: "file", name, path, size: stats.size, executable: (stats.mode & 0o111) !== 0 };
  }
  if (stats.isSymbolicLink()) return { type: "link", name, target: await readlink(path) };
  return isWhiteout(stats) ? { type: "whiteout", name } : undefined;
};

/** Longer names cannot be unpacked everywhere: a path of the system, the folder of the image included, has 4,096 bytes. */
const nameBytes = 3_072;

/** Throws `artifact_unsafe` for a name that an image cannot carry: it would be another file, or none, when the layer is unpacked. */
export const checkName = (name: string): void => {
  const refuse = (why: string): never => {
    throw new SlipError("artifact_unsafe", `${JSON.stringify(name.slice(0, 200))} ${why}.`);
  };
  if (name.slice(name.lastIndexOf("/") + 1).startsWith(".wh.")) refuse("has a name by which images say that a file was deleted");
  if (name.includes("\uFFFD")) refuse("has a name that is not UTF-8");
  if (Buffer.byteLength(name) > nameBytes) refuse(`has a name of more than ${nameBytes} bytes`);
};

export interface Walk {
  prefix?: string;
  /** Names that the layer is to be without, with everything in them. */
  without?: (name: string) => boolean;
}

/** The names of a folder, in the order of their bytes, after those that the layer is to be without were deleted. */
const namesIn = async (root: string, { prefix = "", without = () => false }: Walk): Promise<string[]> => {
  const all = inByteOrder(await readdir(join(root, prefix)), (name) => name).map((name) => (prefix === "" ? name : `${prefix}/${name}`));
  for (const name of all.filter(without)) await removeTree(join(root, name));
  return all.filter((name) => !without(name));
};

/**
 * Every entry below `root`, a directory before what is in it, names in the order of their bytes. What a layer cannot hold is deleted:
 * the folder itself is used in place of the layer, by every app whose layer is the same bytes. Throws `artifact_unsafe`.
 */
export async function* walkTree(root: string, walk: Walk = {}): AsyncGenerator<TreeEntry> {
  const names = await namesIn(root, walk);
  names.forEach(checkName);
  const entries = await Promise.all(names.map(async (name) => ({ name, entry: await entryOf(name, join(root, name)) })));
  for (const { name, entry } of entries) {
    if (entry) yield entry;
    else await removeTree(join(root, name));
    if (entry?.type === "directory") yield* walkTree(root, { ...walk, prefix: name });
  }
}
