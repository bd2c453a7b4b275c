// Manifests of stored sources: read and checked once, then kept in memory for a while, as a deployment asks for its own several times.
import { existsSync, readFileSync } from "node:fs";
import { changedTree, expectTree, SourceChange, SourceManifest } from "@slipstream/contract/source.ts";
import type { Home } from "./home.ts";
import { Recent } from "./recent.ts";

/** Files of all that are kept; each takes some 250 bytes. */
const rememberedFiles = 50_000;
/** By path. */
const recent = new Recent<SourceManifest>(rememberedFiles);

const remember = (path: string, manifest: SourceManifest): SourceManifest => {
  recent.set(path, manifest, manifest.entries.length);
  return manifest;
};

const readChange = (path: string): SourceChange | undefined => {
  try {
    return SourceChange.safeParse(JSON.parse(readFileSync(path, "utf8"))).data;
  } catch {
    return undefined; // It is not there, or was not whole when the machine stopped. The manifest says all of it.
  }
};

/** The manifest made of one that was checked, where that is at hand: reading and checking thousands of entries takes much longer. */
const readByChange = (home: Home, tenant: string, digest: string): SourceManifest | undefined => {
  const change = readChange(home.sourceChange(tenant, digest));
  const before = change?.base === undefined ? undefined : recent.get(home.sourceManifest(tenant, change.base));
  return change && before && changedTree(before, { entries: change.entries, removed: change.removed ?? [] });
};

const readWhole = (path: string): SourceManifest => {
  const manifest = SourceManifest.parse(JSON.parse(readFileSync(path, "utf8")));
  expectTree(manifest.entries);
  return manifest;
};

/** What a stored source is made of; undefined where it is not there. Throws `source_unsafe`. */
export const storedManifest = (home: Home, tenant: string, digest: string): SourceManifest | undefined => {
  const path = home.sourceManifest(tenant, digest);
  if (!existsSync(path)) return undefined;
  return recent.get(path) ?? remember(path, readByChange(home, tenant, digest) ?? readWhole(path));
};

/** To be called with what was checked and stored just now. */
export const rememberManifest = (home: Home, tenant: string, digest: string, manifest: SourceManifest): void => {
  remember(home.sourceManifest(tenant, digest), manifest);
};
