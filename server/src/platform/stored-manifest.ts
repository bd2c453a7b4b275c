// Manifests of stored sources: read and checked once, then kept in memory for a while, as a deployment asks for its own several times.
import { existsSync, readFileSync } from "node:fs";
import { expectTree, SourceManifest } from "@slipstream/contract/source.ts";
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

const read = (path: string): SourceManifest => {
  const manifest = SourceManifest.parse(JSON.parse(readFileSync(path, "utf8")));
  expectTree(manifest.entries);
  return remember(path, manifest);
};

/** What a stored source is made of; undefined where it is not there. Throws `source_unsafe`. */
export const storedManifest = (home: Home, tenant: string, digest: string): SourceManifest | undefined => {
  const path = home.sourceManifest(tenant, digest);
  return existsSync(path) ? (recent.get(path) ?? read(path)) : undefined;
};

/** To be called with what was checked and stored just now. */
export const rememberManifest = (home: Home, tenant: string, digest: string, manifest: SourceManifest): void => {
  remember(home.sourceManifest(tenant, digest), manifest);
};
