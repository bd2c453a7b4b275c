// Reads whole segments, and finds where the newest ends.
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { readCompressed } from "./compression.ts";
import { compressedName, segmentsOf } from "./layout.ts";
import { withTags } from "./line.ts";

/** A place in a stream: `offset` is behind a newline of `segment`, counted in its text. */
export interface Place {
  segment: string;
  offset: number;
  /** What `withTags` takes for the lines behind it. */
  tags: string;
}

/** Names of the segments in `folder`, oldest first; none when there is no such folder. */
export const listSegments = async (folder: string): Promise<string[]> => {
  try {
    return segmentsOf(await readdir(folder));
  } catch {
    return [];
  }
};

/** Up to `maxBytes` of a file from `offset`; undefined when it is gone. */
const readPlain = async (path: string, offset: number, maxBytes: number): Promise<Buffer | undefined> => {
  try {
    const file = await open(path, "r");
    try {
      const size = (await file.stat()).size;
      const length = Math.max(0, Math.min(maxBytes, size - offset));
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
};

/**
 * Text of a segment from `offset`: up to `maxBytes` of what is not compressed yet, else all, for opening it again would take longer than
 * reading on. Undefined when it is gone. The compressed file is there before the other goes, so it is looked for last.
 */
const readText = async (path: string, offset: number, maxBytes: number): Promise<Buffer | undefined> =>
  (await readPlain(path, offset, maxBytes)) ?? (await readCompressed(compressedName(path)))?.subarray(offset);

/** What is before the last newline. */
const wholeLines = (bytes: Buffer): string[] => bytes.toString("utf8", 0, bytes.lastIndexOf(0x0a) + 1).split("\n");

/** The lines of a segment up to `end` (all when undefined), each with its tags, without what is behind the last newline. */
export const readSegment = async (folder: string, segment: string, end: number | undefined): Promise<string[]> => {
  const bytes = (await readText(join(folder, segment), 0, end ?? Number.MAX_SAFE_INTEGER))?.subarray(0, end);
  return bytes ? withTags(wholeLines(bytes), "").lines : [];
};

/** The end of what is written now; undefined when nothing is. */
export const endOf = async (folder: string): Promise<Place | undefined> => {
  const segment = (await listSegments(folder)).at(-1);
  if (segment === undefined) return undefined;
  const bytes = (await readText(join(folder, segment), 0, Number.MAX_SAFE_INTEGER)) ?? Buffer.alloc(0);
  return { segment, offset: bytes.lastIndexOf(0x0a) + 1, tags: withTags(wholeLines(bytes), "").tags };
};
