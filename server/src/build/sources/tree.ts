// A stored source as buildpacks see it, without making any file.
import { readFileSync } from "node:fs";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import type { SourceManifest } from "@slipstream/contract/source.ts";
import type { Home } from "#platform/home.ts";

/** A buildpack reads lock files and settings; what is larger than this is neither. */
const readableBytes = 32 * 2 ** 20;

export const storedTree = (home: Home, tenant: string, { entries }: SourceManifest): SourceTree => {
  const files = new Map(entries.flatMap((entry) => (entry.type === "file" && entry.size <= readableBytes ? [[entry.path, entry.sha256]] : [])));
  return {
    paths: entries.map((entry) => entry.path),
    read(path) {
      const sha256 = files.get(path);
      return sha256 === undefined ? undefined : readFileSync(home.sourceBlob(tenant, sha256), "utf8");
    },
  };
};
