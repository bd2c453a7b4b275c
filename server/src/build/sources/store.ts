// Stores the files of a folder as a source: blobs by content, and the manifest that names them.
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from "node:fs";
import { copyFile, lstat, open, readdir, readFile, readlink, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inByteOrder } from "@slipstream/contract/byte-order.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { expectTree, type SourceEntry, sourceDigest } from "@slipstream/contract/source.ts";
import { SourcePath } from "@slipstream/contract/source-path.ts";
import ignore, { type Ignore } from "ignore";
import { sync, syncNames, writeDurably } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";
import { sha256OfFile } from "#platform/sha256.ts";
import { inParallel } from "../parallel.ts";

const readIgnore = async (root: string): Promise<Ignore> => {
  const path = join(root, ".slipignore");
  const isFile = (await lstat(path).catch(() => undefined))?.isFile() === true;
  return ignore().add(isFile ? await readFile(path, "utf8") : "");
};

/** Relative paths of files and links; repositories' own folders and what .slipignore names are left out. */
async function* filesBelow(root: string, ignored: Ignore, prefix = ""): AsyncGenerator<string> {
  for (const entry of await readdir(join(root, prefix), { withFileTypes: true })) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    // Node reads what is not UTF-8 so; the name would be another one.
    if (path.includes("\uFFFD")) throw new SlipError("source_unsafe", `${JSON.stringify(path)} has a name that is not UTF-8.`, { file: path });
    if (entry.name === ".git" || ignored.ignores(entry.isDirectory() ? `${path}/` : path)) continue;
    if (entry.isDirectory()) yield* filesBelow(root, ignored, path);
    else if (entry.isFile() || entry.isSymbolicLink()) yield path;
  }
}

/** Folders of the store are shared between processes: a new one belongs to whom, and is open to whom, its parent is. */
const makeFolder = (path: string): void => {
  if (existsSync(path)) return;
  const parent = dirname(path);
  makeFolder(parent);
  mkdirSync(path, { recursive: true });
  const { uid, gid, mode } = statSync(parent);
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
  chmodSync(path, mode & 0o7777);
};

/** A copy belongs to whom the copied file does, which is git's user here: what is kept belongs to whom the store does. Resolves when it is on the disk. */
const own = async (path: string): Promise<void> => {
  const { uid, gid } = statSync(dirname(path));
  await using file = await open(path, "r+");
  if (process.getuid?.() === 0) await file.chown(uid, gid);
  await file.chmod(0o644);
  await file.sync();
};

const storeBlob = async (home: Home, tenant: string, path: string): Promise<string> => {
  const sha256 = await sha256OfFile(path);
  const place = home.sourceBlob(tenant, sha256);
  if (existsSync(place)) {
    // Whoever sent it may not have made it safe yet.
    await sync(place);
    return sha256;
  }
  makeFolder(dirname(place));
  const temporary = `${place}.${randomBytes(6).toString("hex")}.new`;
  await copyFile(path, temporary);
  await own(temporary);
  await rename(temporary, place);
  return sha256;
};

const entryOf = async (home: Home, tenant: string, root: string, path: string): Promise<SourceEntry> => {
  const stats = await lstat(join(root, path));
  if (stats.isSymbolicLink()) return { type: "link", path, target: await readlink(join(root, path)) };
  if (stats.size > limit("sourceFileBytes")) throw new SlipError("too_large", `${path} has ${stats.size} bytes; the limit is ${limit("sourceFileBytes")}.`);
  return { type: "file", path, sha256: await storeBlob(home, tenant, join(root, path)), size: stats.size, executable: (stats.mode & 0o100) !== 0 };
};

const checkSize = (entries: readonly SourceEntry[]): void => {
  const bytes = entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
  if (bytes > limit("sourceBytes")) throw new SlipError("too_large", `The source has ${bytes} bytes; the limit is ${limit("sourceBytes")}.`);
};

/** Throws `source_unsafe` for a path that cannot be kept: no manifest could name it. */
const checkNames = (entries: readonly SourceEntry[]): void => {
  const wrong = entries.find(({ path }) => !SourcePath.safeParse(path).success);
  if (wrong) throw new SlipError("source_unsafe", `${JSON.stringify(wrong.path.slice(0, 200))} is a name that cannot be kept.`, { file: wrong.path });
};

/** Stores what is in `root` and gives the source's digest. Throws source_missing, source_empty, source_unsafe or too_large. */
export const storeTree = async (home: Home, tenant: string, root: string): Promise<string> => {
  if (!(await lstat(root).catch(() => undefined))?.isDirectory()) throw new SlipError("source_missing", "The repository has no such folder.");
  const paths: string[] = [];
  for await (const path of filesBelow(root, await readIgnore(root))) {
    paths.push(path);
    if (paths.length > limit("sourceFiles")) throw new SlipError("too_large", `The source has more than ${limit("sourceFiles")} files.`);
  }
  if (paths.length === 0) throw new SlipError("source_empty");
  const entries: SourceEntry[] = [];
  await inParallel(paths, 16, async (path) => {
    entries.push(await entryOf(home, tenant, root, path));
  });
  checkSize(entries);
  checkNames(entries);
  expectTree(entries);
  const manifest = { entries: inByteOrder(entries, ({ path }) => path) };
  const digest = sourceDigest(manifest);
  const place = home.sourceManifest(tenant, digest);
  makeFolder(dirname(place));
  await syncNames(home.sources, [place, ...entries.flatMap((entry) => (entry.type === "file" ? [home.sourceBlob(tenant, entry.sha256)] : []))]);
  writeDurably(place, JSON.stringify(manifest), 0o644);
  return digest;
};
