// Makes the files of a stored source in a folder: copies, never hard links, so that no build can change what is stored.
import { constants } from "node:fs";
import { chmod, copyFile, lchown, mkdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SourceEntry } from "@slipstream/contract/source.ts";
import type { Home } from "#platform/home.ts";
import { sha256OfFile } from "#platform/sha256.ts";
import { inParallel } from "../parallel.ts";

export interface Placement {
  home: Home;
  tenant: string;
  folder: string;
  /** Numeric user and group that everything belongs to; undefined = ours. */
  owner: number | undefined;
}

/** Shorter paths first: each after the one that it is in. */
export const foldersOf = (entries: readonly SourceEntry[]): string[] => {
  const folders = new Set<string>();
  for (const { path } of entries) for (let at = dirname(path); at !== "." && !folders.has(at); at = dirname(at)) folders.add(at);
  return [...folders].sort((a, b) => a.length - b.length);
};

/** What is taken away is sent again with the next deployment. */
const damagedSource = async (blob: string, path: string): Promise<SlipError> => {
  await rm(blob, { force: true });
  return new SlipError("source_missing", `The stored content of ${path} was damaged; send the source again.`);
};

const place = async (entry: SourceEntry, { home, tenant, folder, owner }: Placement): Promise<void> => {
  const path = join(folder, entry.path);
  if (entry.type === "link") await symlink(entry.target, path);
  else {
    await copyFile(home.sourceBlob(tenant, entry.sha256), path, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "ENOENT" ? new SlipError("source_missing", `The content of ${entry.path} is not stored; send the source again.`) : error;
    });
    if ((await sha256OfFile(path)) !== entry.sha256) throw await damagedSource(home.sourceBlob(tenant, entry.sha256), entry.path);
    await chmod(path, entry.executable ? 0o755 : 0o644);
  }
  if (owner !== undefined) await lchown(path, owner, owner);
};

/** Makes `entries` (checked by readManifest) in an existing empty folder: files 0644 or 0755, folders 0755. */
export const materialise = async (entries: readonly SourceEntry[], placement: Placement): Promise<void> => {
  const { folder, owner } = placement;
  for (const name of foldersOf(entries)) {
    await mkdir(join(folder, name), { mode: 0o755 });
    if (owner !== undefined) await lchown(join(folder, name), owner, owner);
  }
  await inParallel(entries, 16, (entry) => place(entry, placement));
};
