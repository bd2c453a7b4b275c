// All logs together stay within their limit: the oldest segments go first, of whichever app and process. The newest of each stream stays,
// for its writer appends to it, and so that every app keeps its last lines.
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { limit } from "@slipstream/contract/limits.ts";
import type { Collected } from "@slipstream/contract/ports/host.ts";
import { deleteSegment } from "./compression.ts";
import { segmentIn, segmentStartMs } from "./layout.ts";

interface Segment {
  /** Of its text. */
  path: string;
  startMs: number;
  /** On the disk, compressed or not. */
  bytes: number;
}

const segmentsBelow = async (root: string): Promise<Segment[]> => {
  const found = new Map<string, Segment>();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const name = entry.isFile() ? segmentIn(entry.name) : undefined;
    if (name === undefined) continue;
    // Its writer may have deleted it meanwhile.
    const stats = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    const path = join(entry.parentPath, name);
    const bytes = (found.get(path)?.bytes ?? 0) + (stats?.blocks ?? 0) * 512;
    if (bytes > 0) found.set(path, { path, startMs: segmentStartMs(name), bytes });
  }
  return [...found.values()];
};

/** Those that are to go, oldest first, so that at most `maxBytes` stay. Pure. */
const tooMany = (segments: readonly Segment[], maxBytes: number): Segment[] => {
  const newest = new Map<string, Segment>();
  for (const segment of segments) {
    const known = newest.get(dirname(segment.path));
    if (!known || basename(segment.path) > basename(known.path)) newest.set(dirname(segment.path), segment);
  }
  let bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const old = segments.filter((segment) => newest.get(dirname(segment.path)) !== segment).sort((a, b) => a.startMs - b.startMs);
  return old.filter((segment) => {
    if (bytes <= maxBytes) return false;
    bytes -= segment.bytes;
    return true;
  });
};

/** Deletes what is too much below `root`, and counts it. */
export const collectLogs = async (root: string, maxBytes: number = limit("logsBytes")): Promise<Collected> => {
  const gone = existsSync(root) ? tooMany(await segmentsBelow(root), maxBytes) : [];
  for (const { path } of gone) await deleteSegment(path);
  return { removed: gone.length, freedBytes: gone.reduce((sum, { bytes }) => sum + bytes, 0) };
};
