// The segments of one stream, as its writer sees them: appends to the newest, starts another when it is full, deletes the oldest.
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { deleteSegment } from "./compression.ts";
import { giveToGroup, makeFolder } from "./group.ts";
import { compressedName, nameSegment, segmentsOf } from "./layout.ts";

export interface SegmentOptions {
  group: number | undefined;
  segmentBytes: number;
  /** Bytes of all segments of the stream, as text. */
  limitBytes: number;
}

export interface SegmentParts extends SegmentOptions {
  /** Those of one process that hold a file open, the longest first. */
  opened: Set<SegmentFile>;
  /** Takes the path of a segment that will not grow any more. */
  full(path: string): void;
}

interface Segment {
  name: string;
  /** Bytes of its text. */
  size: number;
}

/** What somebody else may have done to a file is seen after so long. */
const keptOpenMs = 1_000;
const openedMax = 256;

const endsInNewline = async (file: FileHandle, size: number): Promise<boolean> => {
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
};

const writeAll = async (file: FileHandle, bytes: Buffer): Promise<void> => {
  for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written)).bytesWritten;
};

export class SegmentFile {
  readonly #folder: string;
  readonly #parts: SegmentParts;
  /** The segments, oldest first; unknown before the first append and after a failure. */
  #segments: Segment[] | undefined;
  /** The newest one's file, while lines come. */
  #file: FileHandle | undefined;
  #closing: NodeJS.Timeout | undefined;

  constructor(folder: string, parts: SegmentParts) {
    this.#folder = folder;
    this.#parts = parts;
  }

  /** Appends whole lines. Rejects when the disk does, and may then have written a part, which the next append ends with a newline. */
  async append(bytes: Buffer): Promise<void> {
    try {
      this.#segments ??= await this.#look();
      const segment = await this.#current(this.#segments);
      const file = this.#file ?? this.#keep(await this.#open(segment));
      await writeAll(file, bytes);
      segment.size += bytes.length;
    } catch (error) {
      this.#segments = undefined;
      this.close();
      throw error;
    }
  }

  /** Lets go of the file; the next append opens it again. */
  close(): void {
    clearTimeout(this.#closing);
    this.#parts.opened.delete(this);
    // Waits for what is being written. What was written is with the system already, so there is nothing to be told.
    this.#file?.close().catch(() => {});
    this.#file = undefined;
  }

  /** What is there. Full segments that a process before left as they were are compressed. */
  async #look(): Promise<Segment[]> {
    await makeFolder(this.#folder, this.#parts.group);
    const files = new Set(await readdir(this.#folder));
    const names = segmentsOf([...files]);
    for (const name of names.slice(0, -1)) if (files.has(name)) this.#parts.full(join(this.#folder, name));
    return Promise.all(names.map(async (name) => ({ name, size: files.has(compressedName(name)) ? this.#parts.segmentBytes : await this.#sizeOf(name) })));
  }

  /** The host may delete old ones meanwhile, when all logs together are too many. */
  async #sizeOf(name: string): Promise<number> {
    return (await stat(join(this.#folder, name)).catch(() => undefined))?.size ?? 0;
  }

  /** The segment to append to: the newest, or a new one in place of a full one. */
  async #current(segments: Segment[]): Promise<Segment> {
    const newest = segments.at(-1);
    if (newest && newest.size < this.#parts.segmentBytes) return newest;
    this.close();
    if (newest) this.#parts.full(join(this.#folder, newest.name));
    const names = segments.map((segment) => segment.name);
    const next = { name: nameSegment(Date.now(), names), size: 0 };
    segments.push(next);
    await this.#deleteOldest(segments);
    return next;
  }

  async #deleteOldest(segments: Segment[]): Promise<void> {
    const { limitBytes, segmentBytes } = this.#parts;
    let total = segments.reduce((sum, segment) => sum + segment.size, 0);
    while (segments.length > 1 && total + segmentBytes > limitBytes) {
      const oldest = segments.shift();
      total -= oldest?.size ?? 0;
      if (oldest) await deleteSegment(join(this.#folder, oldest.name));
    }
  }

  async #open(segment: Segment): Promise<FileHandle> {
    const file = await open(join(this.#folder, segment.name), "a+", 0o640);
    try {
      if (segment.size === 0) await giveToGroup(file, this.#parts.group);
      segment.size = (await file.stat()).size;
      if (!(await endsInNewline(file, segment.size))) {
        await writeAll(file, Buffer.from("\n"));
        segment.size += 1;
      }
    } catch (error) {
      await file.close();
      throw error;
    }
    return file;
  }

  #keep(file: FileHandle): FileHandle {
    const { opened } = this.#parts;
    this.#file = file;
    this.#closing = setTimeout(() => this.close(), keptOpenMs).unref();
    opened.add(this);
    const [longest] = opened;
    if (opened.size > openedMax) longest?.close();
    return file;
  }
}
