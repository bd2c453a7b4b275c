// Where a follower of one stream has come to. The segment that grows stays open, so that to read on is one call.
import { close, open, read } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { readCompressed } from "./compression.ts";
import { compressedName } from "./layout.ts";
import { withTags } from "./line.ts";
import { listSegments, type Place } from "./segment-reader.ts";

const opened = promisify(open);
const readInto = promisify(read);

const chunkBytes = 2 ** 20;
const leastBytes = 16 * 1_024;
const newline = 0x0a;

export interface ReadOn {
  lines: string[];
  /** There may be more already. */
  more: boolean;
}

export class FollowedStream {
  readonly #folder: string;
  /** Behind the last line that was read; undefined before the first segment is there. */
  #place: Place | undefined;
  /** The segment after this one, once it is there. */
  #next: string | undefined;
  #file: number | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #buffer = Buffer.allocUnsafeSlow(leastBytes);

  constructor(folder: string, place: Place | undefined) {
    this.#folder = folder;
    this.#place = place;
  }

  /** Whole lines that have come since, each with its tags: at most about a mebibyte of them, or what a compressed segment holds. */
  readOn(): Promise<ReadOn> {
    const reading = this.#read();
    this.#reading = reading;
    return reading;
  }

  /** Once nothing is read any more: the number of the file may be another one's then. */
  async close(): Promise<void> {
    await this.#reading;
    this.#closeFile();
  }

  async #read(): Promise<ReadOn> {
    const here = this.#place;
    const next = this.#next;
    const bytes = here === undefined ? Buffer.alloc(0) : ((await this.#grown(here)) ?? (await this.#compressed(here)));
    const whole = bytes.lastIndexOf(newline) + 1;
    if (here !== undefined && whole > 0) {
      const { lines, tags } = withTags(bytes.toString("utf8", 0, whole).split("\n"), here.tags);
      this.#place = { ...here, offset: here.offset + whole, tags };
      return { lines, more: true };
    }
    // Its writer had gone on to the next one before this was read, so it will not grow: what is left of it is a torn line.
    if (next === undefined) this.#next = (await listSegments(this.#folder)).find((name) => here === undefined || name > here.segment);
    else this.#goTo(next);
    return { lines: [], more: this.#next !== undefined || next !== undefined };
  }

  #goTo(segment: string): void {
    this.#closeFile();
    this.#place = { segment, offset: 0, tags: "" };
    this.#next = undefined;
  }

  /** Of what was only read there is nothing to be told. */
  #closeFile(): void {
    if (this.#file !== undefined) close(this.#file, () => {});
    this.#file = undefined;
  }

  /** What a segment has beyond the place; undefined when its text is gone. It is all there while it is open, also once it was compressed. */
  async #grown(here: Place): Promise<Buffer | undefined> {
    try {
      this.#file ??= await opened(join(this.#folder, here.segment), "r");
      const { bytesRead } = await readInto(this.#file, this.#buffer, 0, this.#buffer.length, here.offset);
      const bytes = this.#buffer.subarray(0, bytesRead);
      if (bytesRead < this.#buffer.length || this.#buffer.length >= chunkBytes) return bytes;
    } catch {
      return undefined;
    }
    this.#buffer = Buffer.allocUnsafeSlow(chunkBytes);
    return this.#grown(here);
  }

  async #compressed({ segment, offset }: Place): Promise<Buffer> {
    return (await readCompressed(compressedName(join(this.#folder, segment))))?.subarray(offset) ?? Buffer.alloc(0);
  }
}
