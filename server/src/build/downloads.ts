// What package managers have downloaded, kept per tenant for their next install. It can always be downloaded again.
import { existsSync } from "node:fs";
import { chown, mkdir, readdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { limit } from "@slipstream/contract/limits.ts";
import type { Home } from "#platform/home.ts";
import { bytesOf, type Counted, removeCounted } from "./remove-counted.ts";

const downloadsFolder = (home: Home): string => join(home.cache, "downloads");

/** The folder of a tenant's downloads: for no other tenant, and written by programs of builds alone. */
export const tenantDownloads = async (home: Home, tenant: string, owner: number): Promise<string> => {
  const folder = join(downloadsFolder(home), tenant);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chown(folder, owner, owner);
  const now = new Date();
  await utimes(folder, now, now);
  return folder;
};

/** Deletes the downloads of tenants that have not built for long, and those that have grown too large. */
export const collectDownloads = async (home: Home, counted: Counted): Promise<void> => {
  const root = downloadsFolder(home);
  for (const tenant of existsSync(root) ? await readdir(root) : []) {
    const folder = join(root, tenant);
    const idleMs = Date.now() - (await stat(folder)).mtimeMs;
    // One that was used within the hour may be in use by a build now.
    const tooLarge = idleMs > 3_600_000 && (await bytesOf(folder)) > limit("downloadCacheBytes");
    if (tooLarge || idleMs > limit("buildCacheMs")) await removeCounted(folder, counted);
  }
};
