// The manifest of a folder: every file by the SHA-256 of its content.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { SourceEntry, SourceManifest } from "@slipstream/contract/source.ts";
import { type HashCache, openHashCache } from "./hash-cache.ts";
import { sideBySide } from "./side-by-side.ts";
import { type Found, type FoundFile, walkFolder } from "./walk.ts";

/** A folder as it was when it was read. */
export interface Tree {
  root: string;
  manifest: SourceManifest;
  /** One file that has the content, by SHA-256. */
  files: ReadonlyMap<string, FoundFile>;
}

/** A file became another while the folder was read; reading it all again helps. */
export class TreeChanged extends Error {
  constructor(path: string) {
    super(`${path} changed while it was read.`);
  }
}

const filesAtOnce = 16;
const tries = 3;

/** Opens a file that the walk found. It throws TreeChanged when something else is there now. */
export const openFound = async (file: FoundFile): Promise<FileHandle> => {
  try {
    const handle = await open(file.absolutePath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const now = await handle.stat({ bigint: true });
    if (now.ino === file.stats.ino && now.size === file.stats.size && now.mtimeNs === file.stats.mtimeNs) return handle;
    await handle.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") throw error;
  }
  throw new TreeChanged(file.path);
};

const hashOf = async (file: FoundFile): Promise<string> => {
  await using handle = await openFound(file);
  const hash = createHash("sha256");
  let size = 0n;
  for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 2 ** 18 })) {
    hash.update(chunk as Buffer);
    size += BigInt((chunk as Buffer).length);
  }
  if (size !== file.stats.size) throw new TreeChanged(file.path);
  return hash.digest("hex");
};

const hashAll = async (files: readonly FoundFile[], cache: HashCache): Promise<Map<string, string>> => {
  const hashes = new Map<string, string>();
  await sideBySide(files, filesAtOnce, async (file) => {
    const readAt = Date.now();
    const sha256 = cache.find(file) ?? (await hashOf(file));
    cache.remember(file, sha256, readAt);
    hashes.set(file.path, sha256);
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
  };
};

/** Reads a folder whole. Without `cacheFolder` every file is read. Throws what walkFolder does, and TreeChanged when it never stood still. */
export const readTree = async (folder: string, cacheFolder: string | undefined): Promise<Tree> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readOnce(folder, cacheFolder);
    } catch (error) {
      const gone = (error as NodeJS.ErrnoException).code === "ENOENT";
      if ((!gone && !(error instanceof TreeChanged)) || attempt === tries) throw error;
    }
  }
};
