// All logs together stay within their limit: the oldest segments go first, of whichever app and process. The newest of each stream stays,
// for its writer appends to it, and so that every app keeps its last lines.
import { existsSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { limit } from "@slipstream/contract/limits.ts";
import type { Collected } from "@slipstream/contract/ports/host.ts";
import { isSegment, segmentStartMs } from "./layout.ts";

interface Segment {
  path: string;
  startMs: number;
  bytes: number;
}

const segmentsIn = async (root: string): Promise<Segment[]> => {
  const entries = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile() && isSegment(entry.name));
  const segments = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    // Its writer may have deleted it meanwhile.
    const stats = await stat(path).catch(() => undefined);
    return stats === undefined ? [] : [{ path, startMs: segmentStartMs(entry.name), bytes: stats.blocks * 512 }];
  });
  return (await Promise.all(segments)).flat();
};

/** Those that are to go, oldest first, so that at most `maxBytes` stay. Pure. */
export const tooMany = (segments: readonly Segment[], maxBytes: number): Segment[] => {
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
  const gone = existsSync(root) ? tooMany(await segmentsIn(root), maxBytes) : [];
  for (const { path } of gone) await rm(path, { force: true });
  return { removed: gone.length, freedBytes: gone.reduce((sum, { bytes }) => sum + bytes, 0) };
};
