// Garbage collection: what no kept artifact, source, build or instance needs is deleted, and counted.
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Collect, Collected } from "@slipstream/contract/ports/host.ts";
import type { Home } from "#platform/home.ts";
import { imageBlobs } from "#platform/oci/image.ts";
import { keepInIndex } from "#platform/oci/index-file.ts";
import { blobFolder, hexOf } from "#platform/oci/layout.ts";
import type { BuildDependencies } from "./context.ts";
import { keptRecords } from "./kept-records.ts";
import { removeCounted } from "./remove-counted.ts";
import { collectSources } from "./sources/collect.ts";

const digestsOf = (home: Home, artifact: string): string[] => {
  try {
    const { config, layers } = imageBlobs(home, artifact);
    return [artifact, config.digest, ...layers.map((layer) => layer.digest)];
  } catch (error) {
    // An artifact that is not here needs nothing; it is for the reconciliation to notice.
    if (error instanceof SlipError && error.code === "not_found") return [];
    throw error;
  }
};

/** Manifests that are too young to be in anyone's list of releases yet, and what they need. */
const youngArtifacts = async (home: Home, blobs: readonly string[], youngMs: number): Promise<string[]> => {
  const found: string[] = [];
  for (const name of blobs) {
    const stats = await stat(join(blobFolder(home), name)).catch(() => undefined);
    if (stats && stats.size < 65_536 && Date.now() - stats.mtimeMs < youngMs) found.push(`sha256:${name}`);
  }
  return found.flatMap((digest) => {
    try {
      return digestsOf(home, digest);
    } catch {
      // Small blobs that are no manifests: configs, small layers. Young ones are kept as they are.
      return [digest];
    }
  });
};

const names = (folder: string): Promise<string[]> => (existsSync(folder) ? readdir(folder) : Promise.resolve([]));

/** Deletes everything that is not in `kept`, leased, in use, or younger than `youngMs`. */
export const collectGarbage = async (
  { home, layersInUse }: BuildDependencies,
  kept: Collect,
  leased: ReadonlyMap<string, number>,
  youngMs: number = limit("collectGraceMs"),
): Promise<Collected> => {
  const blobs = await names(blobFolder(home));
  const inUse = [...(await layersInUse())].map((name) => hexOf(basename(name)));
  const artifacts = [...kept.artifacts.flatMap((artifact) => digestsOf(home, artifact)), ...(await youngArtifacts(home, blobs, youngMs))];
  const records = await keptRecords(home);
  // Leases are read last: what a build took in the meantime counts.
  const needed = new Set([...artifacts.map(hexOf), ...inUse, ...records.map(hexOf), ...[...leased.keys()].map(hexOf)]);
  keepInIndex(home, new Set(artifacts));
  const unneeded = (name: string): boolean => /^[0-9a-f]{64}$/.test(name) && !needed.has(name) && !leased.has(`sha256:${name}`);
  const counted = { removed: 0, freedBytes: 0 };
  for (const name of blobs.filter(unneeded)) await removeCounted(join(blobFolder(home), name), counted);
  for (const name of (await names(home.layers)).filter(unneeded)) await removeCounted(join(home.layers, name), counted);
  await collectSources(home, kept.sources, { youngMs, counted });
  return counted;
};
