// Toolchains and dependency layers are kept for a while after their last use, within a limit of bytes: a rebuild then downloads nothing.
import { existsSync, readFileSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { limit } from "@slipstream/contract/limits.ts";
import { wallClock } from "#platform/clock.ts";
import type { Home } from "#platform/home.ts";
import { hexOf } from "#platform/oci/layout.ts";
import { dependencyRecords } from "./install.ts";
import { dropSourceRecords } from "./source-record.ts";
import { LayerRecord, toolchainRecords } from "./toolchains/provided-layer.ts";

interface Found {
  path: string;
  usedAt: number;
  digest: string;
  size: number;
}

const readRecord = async (path: string): Promise<Found | undefined> => {
  const parsed = LayerRecord.safeParse(JSON.parse(readFileSync(path, "utf8")));
  return parsed.success ? { path, usedAt: (await stat(path)).mtimeMs, digest: parsed.data.layer.digest, size: parsed.data.layer.size } : undefined;
};

const recordsIn = async (folder: string): Promise<Found[]> => {
  if (!existsSync(folder)) return [];
  const paths = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".json")).map((name) => join(folder, name));
  return (await Promise.all(paths.map(readRecord))).flatMap((found) => found ?? []);
};

/** On a low disk only what is needed anyway, or was used just now, is worth its room. */
const isWorthKeeping = ({ usedAt, digest }: Found, bytes: number, of: { needed: ReadonlySet<string>; low: boolean }): boolean => {
  const idleMs = wallClock.ageMs(usedAt);
  if (of.low) return of.needed.has(hexOf(digest)) || idleMs < limit("collectGraceMs");
  return bytes <= limit("buildCacheBytes") && idleMs < limit("buildCacheMs");
};

/** Digests of the layers that stay; records of the others are deleted, and so are those of app layers that nothing needs. `needed`: hexadecimal digests that stay anyway. */
export const keptRecords = async (home: Home, needed: ReadonlySet<string>, low = false): Promise<string[]> => {
  const all = [...(await recordsIn(toolchainRecords(home))), ...(await recordsIn(dependencyRecords(home)))].sort((a, b) => b.usedAt - a.usedAt);
  const kept: string[] = [];
  let bytes = 0;
  for (const found of all) {
    bytes += found.size;
    if (isWorthKeeping(found, bytes, { needed, low })) kept.push(found.digest);
    else await rm(found.path, { force: true });
  }
  await dropSourceRecords(home, needed);
  return kept;
};
