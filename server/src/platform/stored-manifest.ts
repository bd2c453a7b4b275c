// Manifests of stored sources: read and checked once, then kept in memory for a while, as a deployment asks for its own several times.
import { existsSync, readFileSync } from "node:fs";
import { expectTree, isSameEntry, SourceEntry, SourceManifest } from "@slipstream/contract/source.ts";
import { Digest } from "@slipstream/contract/words.ts";
import { z } from "zod";
import type { Home } from "./home.ts";
import { Recent } from "./recent.ts";

/** As it is in its file. `base` is the source by which it was named: most entries are the same there. */
const Stored = z.object({ base: Digest.optional(), entries: z.custom<unknown[]>(Array.isArray) });

/** Files of all that are kept; each takes some 250 bytes. */
const rememberedFiles = 50_000;
/** By path. */
const recent = new Recent<SourceManifest>(rememberedFiles);

const remember = (path: string, manifest: SourceManifest): SourceManifest => {
  recent.set(path, manifest, manifest.entries.length);
  return manifest;
};

const byPath = ({ entries }: SourceManifest): Map<string, SourceEntry> => new Map(entries.map((entry) => [entry.path, entry]));

/** Checks an entry of JSON, unless it is one that was checked: to check each costs ten times as much as to compare it. */
const checkUnlessIn = (checked: ReadonlyMap<unknown, SourceEntry>): ((raw: unknown) => SourceEntry) => {
  return (raw) => {
    const same = checked.get((raw as { path?: unknown } | null)?.path);
    return same !== undefined && isSameEntry(raw as SourceEntry, same) ? same : SourceEntry.parse(raw);
  };
};

const read = (home: Home, tenant: string, path: string): SourceManifest => {
  const { base, entries } = Stored.parse(JSON.parse(readFileSync(path, "utf8")));
  const before = base === undefined ? undefined : recent.get(home.sourceManifest(tenant, base));
  const manifest = before === undefined ? SourceManifest.parse({ entries }) : { entries: entries.map(checkUnlessIn(byPath(before))) };
  expectTree(manifest.entries);
  return remember(path, manifest);
};

/** What a stored source is made of; undefined where it is not there. Throws `source_unsafe`. */
export const storedManifest = (home: Home, tenant: string, digest: string): SourceManifest | undefined => {
  const path = home.sourceManifest(tenant, digest);
  return existsSync(path) ? (recent.get(path) ?? read(home, tenant, path)) : undefined;
};

/** The bytes of a manifest's file. `base`: one with which it has most in common. */
export const manifestText = ({ entries }: SourceManifest, base: Digest | undefined): string =>
  JSON.stringify({ ...(base === undefined ? {} : { base }), entries });

/** To be called with what was checked and stored just now. */
export const rememberManifest = (home: Home, tenant: string, digest: string, manifest: SourceManifest): void => {
  remember(home.sourceManifest(tenant, digest), manifest);
};
