// What package managers have downloaded, kept per app for its next install. It can always be downloaded again.
import { existsSync } from "node:fs";
import { chown, mkdir, readdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { limit } from "@slipstream/contract/limits.ts";
import type { LogTags } from "@slipstream/contract/logs.ts";
import { wallClock } from "#platform/clock.ts";
import type { Home } from "#platform/home.ts";
import { bytesOf, type Counted, removeCounted } from "./remove-counted.ts";

const downloadsFolder = (home: Home): string => join(home.cache, "downloads");

/** The folder of an app's downloads. Its builds can put anything there, so it is for no other app. */
export const appDownloads = async (home: Home, { tenant, project, app }: LogTags, owner: number): Promise<string> => {
  const folder = join(downloadsFolder(home), [tenant, project, app].join("."));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chown(folder, owner, owner);
  const now = new Date();
  await utimes(folder, now, now);
  return folder;
};

/** One that was used within this time may be in use by a build now. */
const inUseMs = 3_600_000;

/** Deletes the downloads of apps that have not built for long, and those that have grown too large; with `low` all that are not in use. */
export const collectDownloads = async (home: Home, counted: Counted, low = false): Promise<void> => {
  const root = downloadsFolder(home);
  for (const app of existsSync(root) ? await readdir(root) : []) {
    const folder = join(root, app);
    // A build may have set a time that is yet to come.
    const idleMs = wallClock.distanceMs((await stat(folder)).mtimeMs);
    if (idleMs < inUseMs) continue;
    if (low || idleMs > limit("buildCacheMs") || (await bytesOf(folder)) > limit("downloadCacheBytes")) await removeCounted(folder, counted);
  }
};
