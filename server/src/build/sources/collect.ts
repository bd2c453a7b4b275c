// Sources that no kept release names: their manifests go, and then the blobs that no manifest of their tenant names.
import { existsSync, readFileSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { SourceManifest } from "@slipstream/contract/source.ts";
import { wallClock } from "#platform/clock.ts";
import type { Home } from "#platform/home.ts";
import { type Counted, removeCounted } from "../remove-counted.ts";

interface Options {
  /** What was written within this time is left: an upload may be under way. */
  youngMs: number;
  counted: Counted;
}

const isYoung = async (path: string, youngMs: number): Promise<boolean> => {
  const stats = await stat(path).catch(() => undefined);
  return stats === undefined || wallClock.ageMs(stats.mtimeMs) < youngMs;
};

const list = (folder: string): Promise<string[]> => (existsSync(folder) ? readdir(folder) : Promise.resolve([]));

const blobsOf = (path: string): string[] => {
  const parsed = SourceManifest.safeParse(JSON.parse(readFileSync(path, "utf8")));
  return parsed.success ? parsed.data.entries.flatMap((entry) => (entry.type === "file" ? [entry.sha256] : [])) : [];
};

/** The others in the folder are notes on them, which go when they are not young any more. */
const manifestsIn = async (folder: string): Promise<string[]> => (await list(folder)).filter((name) => name.endsWith(".json"));

/** Contents that the manifests of a tenant name, and the names of those manifests. */
const neededBlobs = async (folder: string): Promise<{ blobs: Set<string>; names: string[] }> => {
  const names = await manifestsIn(folder);
  return { blobs: new Set(names.flatMap((name) => blobsOf(join(folder, name)))), names };
};

const collectTenant = async (home: Home, tenant: string, kept: ReadonlySet<string>, { youngMs, counted }: Options): Promise<void> => {
  const manifests = join(home.sources, tenant, "manifests");
  for (const name of await list(manifests))
    if (!kept.has(name) && !(await isYoung(join(manifests, name), youngMs))) await removeCounted(join(manifests, name), counted);
  let needed = await neededBlobs(manifests);
  for (const group of await list(home.sourceBlobs(tenant))) {
    // A source that arrives meanwhile relies on what is here already.
    if ((await manifestsIn(manifests)).length > needed.names.length) needed = await neededBlobs(manifests);
    for (const name of await list(join(home.sourceBlobs(tenant), group))) {
      const path = join(home.sourceBlobs(tenant), group, name);
      if (!needed.blobs.has(name) && !(await isYoung(path, youngMs))) await removeCounted(path, counted);
    }
  }
};

export const collectSources = async (home: Home, kept: readonly { tenant: string; source: string }[], options: Options): Promise<void> => {
  for (const tenant of await list(home.sources)) {
    const names = kept.filter((each) => each.tenant === tenant).map(({ source }) => `${source.replace("sha256:", "")}.json`);
    await collectTenant(home, tenant, new Set(names), options);
  }
};
