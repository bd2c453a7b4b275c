// Garbage collection: what no kept artifact, source, build or instance needs is deleted, and counted.
import { existsSync, renameSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Collect, Collected } from "@slipstream/contract/ports/host.ts";
import { wallClock } from "#platform/clock.ts";
import type { Home } from "#platform/home.ts";
import { isDamaged } from "#platform/oci/damage.ts";
import { imageBlobs } from "#platform/oci/image.ts";
import { keepInIndex } from "#platform/oci/index-file.ts";
import { blobFolder, hexOf, temporaryFolder, temporaryPath } from "#platform/oci/layout.ts";
import type { BuildDependencies } from "./context.ts";
import { collectDownloads } from "./downloads.ts";
import { keptRecords } from "./kept-records.ts";
import { type Counted, removeCounted } from "./remove-counted.ts";
import { collectSources } from "./sources/collect.ts";

/** A manifest is small; what is larger is a layer, and no use reading. */
const manifestBytes = 65_536;
/** A temporary file that nothing has touched for so long belongs to no work that is still under way. */
const staleMs = 6 * 3_600_000;

/** The digest of an artifact and of all that it needs; empty when it is not here or damaged, which is for the reconciliation to notice. */
const digestsOf = (home: Home, artifact: string): string[] => {
  try {
    const { config, layers } = imageBlobs(home, artifact);
    return [artifact, config.digest, ...layers.map((layer) => layer.digest)];
  } catch (error) {
    if (error instanceof SlipError && (error.code === "not_found" || isDamaged(error))) return [];
    throw error;
  }
};

const isYoung = (path: string, youngMs: number): boolean => {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && wallClock.ageMs(stats.mtimeMs) < youngMs;
};

/** Young artifacts, which may be in no one's list yet, need their layers, however old those are. */
const youngArtifacts = (home: Home, blobs: readonly string[], youngMs: number): string[] => {
  const paths = blobs.map((name) => ({ name, path: join(blobFolder(home), name) }));
  const small = paths.filter(({ path }) => isYoung(path, youngMs) && (statSync(path, { throwIfNoEntry: false })?.size ?? manifestBytes) < manifestBytes);
  return small.flatMap(({ name }) => {
    try {
      return digestsOf(home, `sha256:${name}`);
    } catch {
      return []; // A config or a small layer: it stays for being young.
    }
  });
};

const namesIn = (folder: string): Promise<string[]> => (existsSync(folder) ? readdir(folder) : Promise.resolve([]));

interface Sweep {
  home: Home;
  needed: ReadonlySet<string>;
  leased: ReadonlyMap<string, number>;
  youngMs: number;
  counted: Counted;
}

/** Looked at, and taken out of its place, in one go: no build can begin to use it in between. */
const sweep = async (folder: string, { home, needed, leased, youngMs, counted }: Sweep): Promise<void> => {
  for (const name of (await namesIn(folder)).filter((each) => /^[0-9a-f]{64}$/.test(each))) {
    const path = join(folder, name);
    if (needed.has(name) || leased.has(`sha256:${name}`) || isYoung(path, youngMs) || !existsSync(path)) continue;
    const aside = temporaryPath(home);
    renameSync(path, aside);
    await removeCounted(aside, counted);
  }
};

const collectTemporary = async (home: Home, counted: Counted): Promise<void> => {
  for (const name of await namesIn(temporaryFolder(home))) {
    const path = join(temporaryFolder(home), name);
    if (!isYoung(path, staleMs)) await removeCounted(path, counted);
  }
};

/** Deletes everything that is not in `kept`, leased, in use, recorded for the next build, or younger than `youngMs`. */
export const collectGarbage = async (
  { home, layersInUse }: BuildDependencies,
  kept: Collect,
  leased: ReadonlyMap<string, number>,
  youngMs: number = limit("collectGraceMs"),
): Promise<Collected> => {
  const inUse = [...(await layersInUse())].map((name) => basename(name));
  const artifacts = [...kept.artifacts.flatMap((artifact) => digestsOf(home, artifact)), ...youngArtifacts(home, await namesIn(blobFolder(home)), youngMs)];
  const named = new Set([...artifacts, ...inUse].map(hexOf));
  const needed = new Set([...named, ...(await keptRecords(home, named, kept.low)).map(hexOf)]);
  const counted = { removed: 0, freedBytes: 0 };
  keepInIndex(home, new Set([...artifacts, ...leased.keys()]));
  const all: Sweep = { home, needed, leased, youngMs, counted };
  for (const folder of [blobFolder(home), home.layers]) await sweep(folder, all);
  await collectTemporary(home, counted);
  await collectDownloads(home, counted, kept.low);
  await collectSources(home, kept.sources, { youngMs, counted });
  return counted;
};
