// The segments of one stream, as its writer sees them: appends to the newest, starts another when it is full, deletes the oldest.
import { chown, type FileHandle, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSegment, nameSegment } from "./layout.ts";

export interface SegmentOptions {
  group: number | undefined;
  segmentBytes: number;
  /** Bytes of all segments of the stream. */
  limitBytes: number;
}

/** Makes a folder and what is missing above it, for our group. */
const makeFolder = async (path: string, group: number | undefined): Promise<void> => {
  const first = await mkdir(path, { recursive: true, mode: 0o750 });
  if (first === undefined || group === undefined || process.getuid?.() !== 0) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await chown(made, 0, group);
};

/** The mode is set whatever the umask is. */
const giveToGroup = async (file: FileHandle, group: number | undefined): Promise<void> => {
  await file.chmod(0o640);
  if (group !== undefined && process.getuid?.() === 0) await file.chown(0, group);
};

const endsInNewline = async (file: FileHandle, size: number): Promise<boolean> => {
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
};

export class SegmentFile {
  readonly #folder: string;
  readonly #options: SegmentOptions;
  /** Names and sizes of the segments, oldest first; unknown before the first append and after a failure. */
  #segments: { name: string; size: number }[] | undefined;

  constructor(folder: string, options: SegmentOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Appends whole lines. Rejects when the disk does, and may then have written a part, which the next append ends with a newline. */
  async append(text: string): Promise<void> {
    try {
      this.#segments ??= await this.#look();
      await this.#appendTo(await this.#current(this.#segments), Buffer.from(text));
    } catch (error) {
      this.#segments = undefined;
      throw error;
    }
  }

  async #look(): Promise<{ name: string; size: number }[]> {
    await makeFolder(this.#folder, this.#options.group);
    const names = (await readdir(this.#folder)).filter(isSegment).sort();
    // The host may delete old ones meanwhile, when all logs together are too many.
    return Promise.all(names.map(async (name) => ({ name, size: (await stat(join(this.#folder, name)).catch(() => undefined))?.size ?? 0 })));
  }

  /** The segment to append to: the newest, or a new one in place of a full one. */
  async #current(segments: { name: string; size: number }[]): Promise<{ name: string; size: number }> {
    const newest = segments.at(-1);
    if (newest && newest.size < this.#options.segmentBytes) return newest;
    const names = segments.map((segment) => segment.name);
    const next = { name: nameSegment(Date.now(), names), size: 0 };
    segments.push(next);
    await this.#deleteOldest(segments);
    return next;
  }

  async #deleteOldest(segments: { name: string; size: number }[]): Promise<void> {
    const { limitBytes, segmentBytes } = this.#options;
    let total = segments.reduce((sum, segment) => sum + segment.size, 0);
    while (segments.length > 1 && total + segmentBytes > limitBytes) {
      const oldest = segments.shift();
      total -= oldest?.size ?? 0;
      if (oldest) await rm(join(this.#folder, oldest.name), { force: true });
    }
  }

  async #appendTo(segment: { name: string; size: number }, bytes: Buffer): Promise<void> {
    const file = await open(join(this.#folder, segment.name), "a+", 0o640);
    try {
      if (segment.size === 0) await giveToGroup(file, this.#options.group);
      const size = (await file.stat()).size;
      const torn = size !== 0 && !(await endsInNewline(file, size));
      await file.appendFile(torn ? Buffer.concat([Buffer.from("\n"), bytes]) : bytes);
      segment.size = size + bytes.length + (torn ? 1 : 0);
    } finally {
      await file.close();
    }
  }
}
