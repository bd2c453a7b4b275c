// index.json of the layout: which manifests it holds. The platform finds artifacts by digest; this is for other OCI tools.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Home } from "#platform/home.ts";
import { type Descriptor, hexOf, mediaTypes } from "./layout.ts";

const Index = z.object({
  manifests: z.array(z.object({ mediaType: z.string(), digest: z.string(), size: z.number(), annotations: z.record(z.string(), z.string()).optional() })),
});
type Manifests = z.infer<typeof Index>["manifests"];

const indexPath = (home: Home): string => join(home.oci, "index.json");

const read = (home: Home): Manifests => (existsSync(indexPath(home)) ? Index.parse(JSON.parse(readFileSync(indexPath(home), "utf8"))).manifests : []);

/** Not fsynced: the file can be made again from the manifests, and no decision reads it. */
const write = (home: Home, manifests: Manifests): void => {
  const path = indexPath(home);
  writeFileSync(`${path}.new`, JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
  renameSync(`${path}.new`, path);
};

// One process writes the layout, and each change below is made without waiting in between: changes cannot mix.

/** Names a manifest by its digest in hexadecimal: `skopeo inspect oci:FOLDER:HEX`. */
export const nameInIndex = (home: Home, manifest: Descriptor): void => {
  const others = read(home).filter(({ digest }) => digest !== manifest.digest);
  write(home, [...others, { ...manifest, annotations: { "org.opencontainers.image.ref.name": hexOf(manifest.digest) } }]);
};

/** Takes every manifest but `kept` out of the index. */
export const keepInIndex = (home: Home, kept: ReadonlySet<string>): void => {
  const manifests = read(home);
  const left = manifests.filter(({ digest }) => kept.has(digest));
  if (left.length < manifests.length) write(home, left);
};
