// A stored source as a build needs it.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SourceManifest } from "@slipstream/contract/source.ts";
import type { Home } from "#platform/home.ts";
import { storedManifest } from "#platform/stored-manifest.ts";

/** The manifest of a stored source. Throws `source_missing`, `source_empty` or `source_unsafe`. */
export const readManifest = (home: Home, tenant: string, source: string): SourceManifest => {
  const manifest = storedManifest(home, tenant, source);
  if (!manifest) throw new SlipError("source_missing", `The source ${source} is not stored.`);
  if (manifest.entries.length === 0) throw new SlipError("source_empty");
  return manifest;
};
