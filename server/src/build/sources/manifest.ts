// A stored source: its manifest, and the check that nothing in it reaches outside of it.
import { existsSync, readFileSync } from "node:fs";
import { SlipError } from "@slipstream/contract/errors.ts";
import { linkStaysInside, type SourceEntry, SourceManifest } from "@slipstream/contract/source.ts";
import { SourcePath } from "@slipstream/contract/source-path.ts";
import type { Home } from "#platform/home.ts";
import { Recent } from "#platform/recent.ts";

const unsafe = (path: string, why: string): SlipError => new SlipError("source_unsafe", `${JSON.stringify(path)} ${why}.`, { file: path });

const parentsOf = (path: string): string[] => {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
};

/** Throws `source_unsafe` for a link that leaves the tree, a path twice or too long, or a path below something that is no folder. */
export const checkEntries = (entries: readonly SourceEntry[]): void => {
  const paths = new Set<string>();
  for (const entry of entries) {
    if (!SourcePath.safeParse(entry.path).success) throw unsafe(entry.path.slice(0, 200), "is a name that cannot be kept");
    if (paths.has(entry.path)) throw unsafe(entry.path, "is in the source twice");
    if (entry.type === "link" && !linkStaysInside(entry.path, entry.target))
      throw unsafe(entry.path, `is a link to ${JSON.stringify(entry.target)}, which is outside of the source`);
    paths.add(entry.path);
  }
  for (const { path } of entries) if (parentsOf(path).some((parent) => paths.has(parent))) throw unsafe(path, "is below something that is not a folder");
};

/** Files of the manifests that are kept in memory, of which each takes some 250 bytes: a deployment asks for its manifest several times. */
const rememberedEntries = 50_000;
const recent = new Recent<SourceManifest>(rememberedEntries);

const parseManifest = (path: string): SourceManifest => {
  const manifest = SourceManifest.parse(JSON.parse(readFileSync(path, "utf8")));
  if (manifest.entries.length === 0) throw new SlipError("source_empty");
  checkEntries(manifest.entries);
  recent.set(path, manifest, manifest.entries.length);
  return manifest;
};

/** The manifest of a stored source. Throws `source_missing`, `source_empty` or `source_unsafe`. */
export const readManifest = (home: Home, tenant: string, source: string): SourceManifest => {
  const path = home.sourceManifest(tenant, source);
  if (!existsSync(path)) throw new SlipError("source_missing", `The source ${source} is not stored.`);
  return recent.get(path) ?? parseManifest(path);
};
