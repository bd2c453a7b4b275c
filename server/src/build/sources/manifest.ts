// A stored source: its manifest, and the check that nothing in it reaches outside of it.
import { existsSync, readFileSync } from "node:fs";
import { SlipError } from "@slipstream/contract/errors.ts";
import { type SourceEntry, SourceManifest } from "@slipstream/contract/source.ts";
import type { Home } from "#platform/home.ts";

/** Up only at the beginning: then no link on the way can make the target reach further than its text says. */
const staysInside = (path: string, target: string): boolean => {
  const ups = /^(\.\.\/|\.\/)*/.exec(`${target}/`)?.[0] ?? "";
  const depth = path.split("/").length - 1;
  const rest = `${target}/`.slice(ups.length);
  return !target.startsWith("/") && !target.includes("\0") && ups.split("../").length - 1 <= depth && !rest.split("/").includes("..");
};

const unsafe = (path: string, why: string): SlipError => new SlipError("source_unsafe", `${JSON.stringify(path)} ${why}.`, { file: path });

const parentsOf = (path: string): string[] => {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
};

/** Throws `source_unsafe` for a link that leaves the tree, a path twice, or a path below something that is no folder. */
export const checkEntries = (entries: readonly SourceEntry[]): void => {
  const paths = new Set<string>();
  for (const entry of entries) {
    if (paths.has(entry.path)) throw unsafe(entry.path, "is in the source twice");
    if (entry.type === "link" && !staysInside(entry.path, entry.target))
      throw unsafe(entry.path, `is a link to ${JSON.stringify(entry.target)}, which is outside of the source`);
    paths.add(entry.path);
  }
  for (const { path } of entries) if (parentsOf(path).some((parent) => paths.has(parent))) throw unsafe(path, "is below something that is not a folder");
};

/** The manifest of a stored source. Throws `source_missing`, `source_empty` or `source_unsafe`. */
export const readManifest = (home: Home, tenant: string, source: string): SourceManifest => {
  const path = home.sourceManifest(tenant, source);
  if (!existsSync(path)) throw new SlipError("source_missing", `The source ${source} is not stored.`);
  const manifest = SourceManifest.parse(JSON.parse(readFileSync(path, "utf8")));
  if (manifest.entries.length === 0) throw new SlipError("source_empty");
  checkEntries(manifest.entries);
  return manifest;
};
