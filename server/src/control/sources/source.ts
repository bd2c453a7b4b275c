// Rules of a source manifest, beyond its schema. Pure.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { expectTree, type SourceManifest } from "@slipstream/contract/source.ts";

/** Throws source_empty, source_unsafe or too_large. Gives how many files there are, and their bytes. */
export const checkManifest = (manifest: SourceManifest): { files: number; sizeBytes: number } => {
  expectTree(manifest.entries);
  return checkSize(manifest);
};

/** Throws source_empty or too_large. Gives how many files there are, and their bytes. */
export const checkSize = ({ entries }: SourceManifest): { files: number; sizeBytes: number } => {
  if (entries.length > limit("sourceFiles")) throw new SlipError("too_large", `The source has ${entries.length} files; ${limit("sourceFiles")} are allowed.`);
  let files = 0;
  let sizeBytes = 0;
  for (const entry of entries) {
    if (entry.type === "link") continue;
    if (entry.size > limit("sourceFileBytes"))
      throw new SlipError("too_large", `The file ${JSON.stringify(entry.path)} is larger than ${limit("sourceFileBytes")} bytes.`);
    files += 1;
    sizeBytes += entry.size;
  }
  if (files === 0) throw new SlipError("source_empty");
  if (sizeBytes > limit("sourceBytes")) throw new SlipError("too_large", `The source has ${sizeBytes} bytes; ${limit("sourceBytes")} are allowed.`);
  return { files, sizeBytes };
};

/** The contents that a manifest names, each once. */
export const blobsOf = ({ entries }: SourceManifest): string[] => [...new Set(entries.flatMap((entry) => (entry.type === "file" ? [entry.sha256] : [])))];

/** Bytes of the contents that are among `blobs`, each counted once. */
export const sizeOf = ({ entries }: SourceManifest, blobs: ReadonlySet<string>): number => {
  const sizes = new Map(entries.flatMap((entry) => (entry.type === "file" && blobs.has(entry.sha256) ? [[entry.sha256, entry.size] as const] : [])));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
};
