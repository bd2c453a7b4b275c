// A layer's blob becomes a folder that an overlay mount can use. The digest is verified before the folder gets its name.
import { existsSync, renameSync } from "node:fs";
import { chmod, lstat, mkdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { execOrThrow } from "#platform/exec.ts";
import { moveUnlessThere } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";
import { damaged, isDamaged, isWhole, removeDamaged } from "./damage.ts";
import { writeEntry } from "./entry-file.ts";
import { blobPath, type Descriptor, ensureLayout, layerFolder, temporaryPath } from "./layout.ts";
import { type LayerEntry, readLayer } from "./read-layer.ts";
import { folderMode } from "./tree.ts";

const whiteout = ".wh.";

/** The entry's path inside the folder; throws for one that leaves it or goes through a link. */
const placeOf = async (folder: string, name: string, checked: Set<string>): Promise<string> => {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new SlipError("internal", `A layer holds the path ${name}, which leaves it.`);
  const path = join(folder, ...parts);
  const parent = dirname(path);
  if (path !== folder && !checked.has(parent)) {
    await mkdir(parent, { recursive: true });
    for (let at = parent; at !== folder; at = dirname(at))
      if (!(await lstat(at)).isDirectory()) throw new SlipError("internal", `A layer holds the path ${name}, which goes through a link.`);
    checked.add(parent);
  }
  return path;
};

const makeFolder = async (path: string, name: string): Promise<void> => {
  await mkdir(path, { recursive: true, mode: 0o755 });
  const mode = folderMode(name.replace(/\/$/, ""));
  if (mode !== 0o755) await chmod(path, mode);
};

const unpackEntry = async (path: string, { header, content }: LayerEntry): Promise<void> => {
  const { type, linkname } = header;
  const base = path.slice(path.lastIndexOf("/") + 1);
  if (base.startsWith(whiteout)) await execOrThrow(["mknod", join(dirname(path), base.slice(whiteout.length)), "c", "0", "0"]);
  else if (type === "directory") await makeFolder(path, header.name);
  else if (type === "symlink") await symlink(linkname, path);
  else if (type === "file") await writeEntry(path, content, header.mode & 0o111 ? 0o755 : 0o644);
  else throw new SlipError("internal", `A layer holds ${header.name}, a ${type}.`);
};

const unpackInto = (folder: string, source: string): Promise<string> => {
  const checked = new Set<string>();
  return readLayer(source, async (entry) => unpackEntry(await placeOf(folder, entry.header.name, checked), entry));
};

/** A damaged tar may also fail to be read. */
const unpackWhole = async (home: Home, layer: Pick<Descriptor, "digest">, folder: string): Promise<void> => {
  try {
    if ((await unpackInto(folder, blobPath(home, layer.digest))) === layer.digest) return;
  } catch (error) {
    if (await isWhole(home, layer.digest)) throw error;
  }
  await removeDamaged(home, layer.digest);
  throw damaged(layer.digest);
};

/** Unpacks a layer beside its place, and lets `put` move the folder; what is left of it is removed. */
const unpackBeside = async <T>(home: Home, layer: Pick<Descriptor, "digest">, put: (folder: string) => Promise<T> | T): Promise<T> => {
  ensureLayout(home);
  const folder = temporaryPath(home);
  await mkdir(folder, { mode: 0o755 });
  try {
    await unpackWhole(home, layer, folder);
    return await put(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const unpackOnce = (home: Home, layer: Pick<Descriptor, "digest">): Promise<void> =>
  unpackBeside(home, layer, async (folder) => {
    if (!existsSync(layerFolder(home, layer.digest))) await moveUnlessThere(folder, layerFolder(home, layer.digest));
  });

/**
 * Unpacks a layer anew in the place of the folder that is there, and gives where that is now: the caller removes it. Throws
 * `artifact_damaged`; nothing has changed then but that the blob is removed.
 */
export const unpackAgain = (home: Home, layer: Pick<Descriptor, "digest">): Promise<string> =>
  unpackBeside(home, layer, (folder) => {
    const [place, aside] = [layerFolder(home, layer.digest), temporaryPath(home)];
    // In one go: who opens an image looks whether the folder is there.
    renameSync(place, aside);
    renameSync(folder, place);
    return aside;
  });

const underway = new Map<string, Promise<void>>();

/** Unpacks a layer into its folder, once however many ask at the same time. Throws `artifact_damaged`; the blob is removed then. */
export const unpackLayer = (home: Home, layer: Pick<Descriptor, "digest">): Promise<void> => {
  const key = layerFolder(home, layer.digest);
  const running = underway.get(key) ?? unpackOnce(home, layer).finally(() => underway.delete(key));
  underway.set(key, running);
  return running;
};

/** Unpacks a layer that can be made anew; false where it is damaged. */
export const unpackIfWhole = async (home: Home, layer: Pick<Descriptor, "digest">): Promise<boolean> => {
  try {
    await unpackLayer(home, layer);
    return true;
  } catch (error) {
    if (isDamaged(error)) return false;
    throw error;
  }
};
