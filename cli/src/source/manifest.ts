// The manifest of a folder: every file by the SHA-256 of its content.
import { createHash, hash } from "node:crypto";
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { SourceEntry, SourceManifest } from "@slipstream/contract/source.ts";
import { type HashCache, openHashCache } from "./hash-cache.ts";
import { sideBySide } from "./side-by-side.ts";
import { type Found, type FoundFile, unreadable, walkFolder } from "./walk.ts";

/** A folder as it was when it was read. */
export interface Tree {
  root: string;
  manifest: SourceManifest;
  /** One file that has the content, by SHA-256. */
  files: ReadonlyMap<string, FoundFile>;
  /** Where what is known of the folder is kept, if anywhere. */
  cacheFolder: string | undefined;
}

/** A file became another while the folder was read; reading it all again helps. */
export class TreeChanged extends Error {
  constructor(path: string) {
    super(`${path} changed while it was read.`);
  }
}

const filesAtOnce = 16;
const tries = 3;

/** What became a link is not followed, and what became a pipe is not waited for. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const isSame = ({ stats }: FoundFile, now: BigIntStats): boolean => now.ino === stats.ino && now.size === stats.size && now.mtimeNs === stats.mtimeNs;
const isChange = (error: unknown): boolean => ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "");

/** Opens a file that the walk found. It throws TreeChanged when something else is there now. */
export const openFound = async (file: FoundFile): Promise<FileHandle> => {
  const handle = await open(file.absolutePath, openFlags).catch((error: unknown) => {
    throw isChange(error) ? new TreeChanged(file.path) : error;
  });
  if (isSame(file, await handle.stat({ bigint: true }))) return handle;
  await handle.close();
  throw new TreeChanged(file.path);
};

/** Smaller files are read at once: for thousands of them, waiting for each would cost five times as much as reading. */
const smallBytes = 2n ** 18n;
/** After so many small files the event loop has its turn, for Ctrl-C and the terminal. */
const smallAtOnce = 200;

const hashSmall = (file: FoundFile): string => {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file.absolutePath, openFlags);
    if (!isSame(file, fstatSync(descriptor, { bigint: true }))) throw new TreeChanged(file.path);
    const content = readFileSync(descriptor);
    if (BigInt(content.length) !== file.stats.size) throw new TreeChanged(file.path);
    return hash("sha256", content);
  } catch (error) {
    throw isChange(error) ? new TreeChanged(file.path) : error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
};

const hashLarge = async (file: FoundFile): Promise<string> => {
  await using handle = await openFound(file);
  const digest = createHash("sha256");
  let size = 0n;
  for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 2 ** 18 })) {
    digest.update(chunk as Buffer);
    size += BigInt((chunk as Buffer).length);
  }
  if (size !== file.stats.size) throw new TreeChanged(file.path);
  return digest.digest("hex");
};

const hashAll = async (files: readonly FoundFile[], cache: HashCache): Promise<Map<string, string>> => {
  const hashes = new Map<string, string>();
  const keep = (file: FoundFile, sha256: string, readAt: number): void => {
    cache.remember(file, sha256, readAt);
    hashes.set(file.path, sha256);
  };
  const unread: FoundFile[] = [];
  for (const file of files) {
    const known = cache.find(file);
    if (known === undefined) unread.push(file);
    else hashes.set(file.path, known);
  }
  const small = unread.filter(({ stats }) => stats.size <= smallBytes);
  for (const [index, file] of small.entries()) {
    const readAt = Date.now();
    keep(file, hashSmall(file), readAt);
    if (index % smallAtOnce === 0) await nextTurn();
  }
  const large = unread.filter(({ stats }) => stats.size > smallBytes);
  await sideBySide(large, filesAtOnce, async (file) => {
    const readAt = Date.now();
    keep(file, await hashLarge(file), readAt);
  });
  return hashes;
};

const entryOf = (found: Found, hashes: ReadonlyMap<string, string>): SourceEntry =>
  found.type === "link"
    ? { type: "link", path: found.path, target: found.target }
    : {
        type: "file",
        path: found.path,
        sha256: hashes.get(found.path) ?? "",
        size: Number(found.stats.size),
        executable: (found.stats.mode & 0o100n) !== 0n,
      };

const readOnce = async (folder: string, cacheFolder: string | undefined): Promise<Tree> => {
  const { root, found } = walkFolder(folder);
  const cache = openHashCache(cacheFolder ?? "", root);
  const files = found.filter((entry) => entry.type === "file");
  const hashes = await hashAll(files, cache);
  if (cacheFolder !== undefined) cache.save();
  return {
    root,
    manifest: { entries: found.map((entry) => entryOf(entry, hashes)) },
    files: new Map(files.map((file) => [hashes.get(file.path) ?? "", file])),
    cacheFolder,
  };
};

/** Reads a folder whole. Without `cacheFolder` every file is read. Throws what walkFolder does, and TreeChanged when it never stood still. */
export const readTree = async (folder: string, cacheFolder: string | undefined): Promise<Tree> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readOnce(folder, cacheFolder);
    } catch (error) {
      const { code, path } = error as NodeJS.ErrnoException;
      if (code === "EACCES") throw unreadable(path ?? folder);
      if (!(error instanceof TreeChanged) && !isChange(error)) throw error;
      if (attempt === tries) throw error instanceof TreeChanged ? error : new TreeChanged(folder);
    }
  }
};
