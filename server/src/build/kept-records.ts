// Toolchains and dependency layers are kept for a while after their last use, within a limit of bytes: a rebuild then downloads nothing.
import { existsSync, readFileSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { limit } from "@slipstream/contract/limits.ts";
import type { Home } from "#platform/home.ts";
import { dependencyRecords } from "./install.ts";
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

/** Digests of the layers that stay; records of the others are deleted. */
export const keptRecords = async (home: Home): Promise<string[]> => {
  const all = [...(await recordsIn(toolchainRecords(home))), ...(await recordsIn(dependencyRecords(home)))].sort((a, b) => b.usedAt - a.usedAt);
  const kept: string[] = [];
  let bytes = 0;
  for (const { path, usedAt, digest, size } of all) {
    bytes += size;
    if (bytes <= limit("buildCacheBytes") && Date.now() - usedAt < limit("buildCacheMs")) kept.push(digest);
    else await rm(path, { force: true });
  }
  return kept;
};
