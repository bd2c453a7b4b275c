// Whether the unpacked folder of a layer still has what its blob has. The folder may have more: what a build left beside the layer.
import { constants } from "node:fs";
import { lstat, open, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { Home } from "#platform/home.ts";
import { blobPath, layerFolder } from "./layout.ts";
import { type LayerEntry, readLayer } from "./read-layer.ts";

/** Reads all of the content: a tar cannot be gone on with behind an entry that was left. */
const sameContent = async (path: string, content: AsyncIterable<Buffer>): Promise<boolean> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    let same = true;
    for await (const chunk of content) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunk.length), 0, chunk.length);
      same &&= bytesRead === chunk.length && buffer.equals(chunk);
    }
    return same;
  } finally {
    await file.close();
  }
};

/** A name that is hidden from the layers below is right as long as nothing is there: a folder may hide it by being opaque. */
const isHidden = async (path: string): Promise<boolean> => {
  const stats = await lstat(path).catch(() => undefined);
  return stats === undefined || stats.isCharacterDevice();
};

const isSame = async (folder: string, { header, content }: LayerEntry): Promise<boolean> => {
  const base = header.name.slice(header.name.lastIndexOf("/") + 1);
  if (base.startsWith(".wh.")) return isHidden(join(folder, header.name.slice(0, -base.length), base.slice(".wh.".length)));
  const path = join(folder, header.name);
  const stats = await lstat(path);
  if (header.type === "directory") return stats.isDirectory();
  if (header.type === "symlink") return stats.isSymbolicLink() && (await readlink(path)) === header.linkname;
  const isExecutable = (mode = 0): boolean => (mode & 0o111) !== 0;
  if (!stats.isFile() || stats.size !== header.size || isExecutable(stats.mode) !== isExecutable(header.mode)) return false;
  return sameContent(path, content);
};

/**
 * The first path of the layer that is not in its folder as it is in its blob; undefined where there is none, and where the blob itself
 * is missing or damaged, for then nobody knows.
 */
export const changedPath = async (home: Home, digest: string): Promise<string | undefined> => {
  let changed: string | undefined;
  const compare = async (entry: LayerEntry): Promise<void> => {
    if (changed !== undefined) return;
    // What cannot be read is not as it was either.
    if (!(await isSame(layerFolder(home, digest), entry).catch(() => false))) changed = entry.header.name;
  };
  const read = await readLayer(blobPath(home, digest), compare).catch(() => undefined);
  return read === digest ? changed : undefined;
};
