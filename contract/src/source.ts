// A source tree as data: the manifest names every file by content, and its own digest names the source.
import { createHash } from "node:crypto";
import { z } from "zod";
import { SourcePath } from "./source-path.ts";
import { Digest } from "./words.ts";

/**
 * Whether a link's target stays inside the tree. It may go up only at its beginning: then no other link on the way can make it reach
 * further than its text says.
 */
export const linkStaysInside = (path: string, target: string): boolean => {
  const ups = /^(\.\.\/|\.\/)*/.exec(`${target}/`)?.[0] ?? "";
  const depth = path.split("/").length - 1;
  const rest = `${target}/`.slice(ups.length);
  return !target.startsWith("/") && !target.includes("\0") && ups.split("../").length - 1 <= depth && !rest.split("/").includes("..");
};

/** `link` holds the target as written; it must stay inside the tree when it is resolved. */
export const SourceEntry = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("file"),
    path: SourcePath,
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    size: z.number().int().nonnegative(),
    executable: z.boolean(),
  }),
  z.object({
    type: z.literal("link"),
    path: SourcePath,
    target: z
      .string()
      .min(1)
      .max(1_024)
      .refine((target) => target.isWellFormed(), "UTF-8"),
  }),
]);
export type SourceEntry = z.infer<typeof SourceEntry>;

export const SourceManifest = z.object({ entries: z.array(SourceEntry).max(100_000) });
export type SourceManifest = z.infer<typeof SourceManifest>;

/** The digest of a manifest: of its entries in the order of their paths' bytes, one canonical JSON line each. */
export const sourceDigest = (manifest: SourceManifest): Digest => {
  const hash = createHash("sha256");
  const sorted = [...manifest.entries].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  for (const entry of sorted)
    hash.update(
      `${JSON.stringify(entry.type === "file" ? ["file", entry.path, entry.sha256, entry.size, entry.executable] : ["link", entry.path, entry.target])}\n`,
    );
  return Digest.parse(`sha256:${hash.digest("hex")}`);
};
