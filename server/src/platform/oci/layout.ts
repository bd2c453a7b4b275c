// The OCI image layout on disk (OCI image-spec 1.1): blobs by digest, and the folders that layers are unpacked in.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Home } from "#platform/home.ts";

export const mediaTypes = {
  layer: "application/vnd.oci.image.layer.v1.tar",
  config: "application/vnd.oci.image.config.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
} as const;

/** What OCI calls a descriptor: names a blob, its type and its size in bytes. */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

export const hexOf = (digest: string): string => digest.replace("sha256:", "");
export const blobFolder = (home: Home): string => join(home.oci, "blobs", "sha256");
export const blobPath = (home: Home, digest: string): string => join(blobFolder(home), hexOf(digest));
/** Where the unpacked files of a layer are, whether they are there or not. */
export const layerFolder = (home: Home, digest: string): string => join(home.layers, hexOf(digest));
/** Blobs and layers in the making; on the same file system as their places, and swept at start. */
export const temporaryFolder = (home: Home): string => join(home.oci, "tmp");
export const temporaryPath = (home: Home): string => join(temporaryFolder(home), randomBytes(12).toString("hex"));

/** Makes the folders and the marker of a layout where they are missing. */
export const ensureLayout = (home: Home): void => {
  if (existsSync(temporaryFolder(home)) && existsSync(home.layers)) return;
  for (const folder of [blobFolder(home), temporaryFolder(home), home.layers]) mkdirSync(folder, { recursive: true, mode: 0o755 });
  const marker = join(home.oci, "oci-layout");
  if (!existsSync(marker)) writeFileSync(marker, '{"imageLayoutVersion":"1.0.0"}');
};
