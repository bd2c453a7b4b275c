// A source tree as data: the manifest names every file by content, and its own digest names the source.
import { createHash } from "node:crypto";
import { z } from "zod";
import { Digest } from "./words.ts";

/** A path inside the tree: relative, '/' between parts, no '.', '..', empty part, NUL or backslash-only tricks. */
export const SourcePath = z
  .string()
  .min(1)
  .max(1_024)
  .refine(
    (path) => !path.includes("\0") && !path.startsWith("/") && path.split("/").every((part) => part !== "" && part !== "." && part !== ".."),
    "a relative path inside the source",
  );

/** `link` holds the target as written; it must stay inside the tree when it is resolved. */
export const SourceEntry = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("file"),
    path: SourcePath,
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    size: z.number().int().nonnegative(),
    executable: z.boolean(),
  }),
  z.object({ type: z.literal("link"), path: SourcePath, target: z.string().min(1).max(1_024) }),
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
