// A folder as a manifest with its contents, as a client sends it. For folders of a few files without links.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { SourceManifest } from "@slipstream/contract/source.ts";

export const manifestOf = (folder: string): { manifest: SourceManifest; blobs: Map<string, Buffer> } => {
  const blobs = new Map<string, Buffer>();
  const entries: SourceManifest["entries"] = [];
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!statSync(join(folder, path)).isFile()) continue;
    const bytes = readFileSync(join(folder, path));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    blobs.set(sha256, bytes);
    entries.push({ type: "file", path, sha256, size: bytes.length, executable: false });
  }
  return { manifest: { entries }, blobs };
};
