// Rules of a source manifest, beyond its schema. Pure.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { linkStaysInside, type SourceEntry, type SourceManifest } from "@slipstream/contract/source.ts";

const parentsOf = (path: string): string[] => {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
};

/** Throws `source_unsafe` for a path that is there twice, is a folder too, or lies behind a link: it would be written elsewhere. */
const checkPaths = (entries: readonly SourceEntry[]): void => {
  const paths = new Set<string>();
  for (const { path } of entries) {
    if (paths.has(path)) throw new SlipError("source_unsafe", `The path ${JSON.stringify(path)} is there twice.`);
    paths.add(path);
  }
  for (const { path } of entries)
    for (const parent of parentsOf(path))
      if (paths.has(parent))
        throw new SlipError("source_unsafe", `The path ${JSON.stringify(path)} lies behind ${JSON.stringify(parent)}, which is not a folder.`);
};

/** Throws source_empty, source_unsafe or too_large. Gives how many files there are, and their bytes. */
export const checkManifest = ({ entries }: SourceManifest): { files: number; sizeBytes: number } => {
  if (entries.length > limit("sourceFiles")) throw new SlipError("too_large", `The source has ${entries.length} files; ${limit("sourceFiles")} are allowed.`);
  checkPaths(entries);
  let files = 0;
  let sizeBytes = 0;
  for (const entry of entries) {
    if (entry.type === "link") {
      if (!linkStaysInside(entry.path, entry.target))
        throw new SlipError("source_unsafe", `The link ${JSON.stringify(entry.path)} leads out of the source, to ${JSON.stringify(entry.target)}.`);
      continue;
    }
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
