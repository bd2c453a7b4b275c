// Follows the output file of a sandbox over its rotations, from a place that survives this process.
import { closeSync, type FSWatcher, fstatSync, openSync, readFileSync, readSync, statSync, watch, writeFileSync } from "node:fs";
import { limit } from "@slipstream/contract/limits.ts";
import { LineJoiner, type OutputLine, parseOutput } from "./output-line.ts";

interface Place {
  inode: number;
  offset: number;
}

/** A line is on disk so long after it was taken; only then is its place worth remembering. */
const settleMs = 500;
const pollMs = 250;
const newline = 10;

const inodeOf = (path: string): number | undefined => {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
};

const readPlace = (path: string): Place | undefined => {
  try {
    const place = JSON.parse(readFileSync(path, "utf8")) as Place;
    return Number.isInteger(place.inode) && Number.isInteger(place.offset) ? place : undefined;
  } catch {
    return undefined;
  }
};

export class OutputTail {
  readonly #path: string;
  readonly #placePath: string;
  readonly #onLine: (line: OutputLine) => void;
  readonly #joiner = new LineJoiner(limit("logLineBytes"));
  readonly #buffer = Buffer.alloc(256 * 1_024);
  #file: number | undefined;
  #inode = 0;
  #offset = 0;
  #rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #seen: Place | undefined;
  #unsettled: { at: number; place: Place }[] = [];

  /** `placePath` keeps how far the file was read. */
  constructor(path: string, placePath: string, onLine: (line: OutputLine) => void) {
    this.#path = path;
    this.#placePath = placePath;
    this.#onLine = onLine;
    this.#timer = setInterval(() => this.read(), pollMs);
    this.read();
  }

  /** Takes every line that is there. */
  read(): void {
    this.#follow();
    while (this.#file !== undefined) {
      this.#drain(this.#file);
      if (inodeOf(this.#path) === this.#inode || inodeOf(this.#path) === undefined) break;
      this.#open(undefined);
    }
    this.#remember();
  }

  /** The program has ended: takes what is there, with a last line that has no end. */
  end(): void {
    this.read();
    for (const line of this.#joiner.end()) this.#onLine(line);
  }

  /** Takes what is there and lets go of the file. With `exact` the next reader goes on right here. */
  close(exact: boolean): void {
    this.read();
    clearInterval(this.#timer);
    this.#watcher?.close();
    if (exact && this.#file !== undefined) this.#save({ inode: this.#inode, offset: this.#offset - this.#rest.length });
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #follow(): void {
    if (this.#file === undefined && inodeOf(this.#path) !== undefined) this.#open(readPlace(this.#placePath));
  }

  #open(place: Place | undefined): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#watcher?.close();
    this.#file = openSync(this.#path, "r");
    this.#inode = fstatSync(this.#file).ino;
    this.#offset = place?.inode === this.#inode ? place.offset : 0;
    this.#rest = Buffer.alloc(0);
    this.#watcher = watch(this.#path, () => this.read());
    this.#watcher.on("error", () => {});
  }

  #drain(file: number): void {
    for (let size = this.#readSome(file); size > 0; size = this.#readSome(file)) {
      this.#offset += size;
      this.#take(Buffer.concat([this.#rest, this.#buffer.subarray(0, size)]));
    }
    const place = { inode: this.#inode, offset: this.#offset - this.#rest.length };
    if (this.#seen?.inode === place.inode && this.#seen.offset === place.offset) return;
    this.#seen = place;
    this.#unsettled.push({ at: performance.now(), place });
  }

  #readSome(file: number): number {
    return readSync(file, this.#buffer, 0, this.#buffer.length, this.#offset);
  }

  #take(bytes: Buffer<ArrayBufferLike>): void {
    let start = 0;
    for (let end = bytes.indexOf(newline, start); end >= 0; end = bytes.indexOf(newline, start)) {
      const record = parseOutput(bytes.toString("utf8", start, end));
      const line = record ? this.#joiner.add(record) : undefined;
      if (line) this.#onLine(line);
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
  }

  #remember(): void {
    const settled = this.#unsettled.findLastIndex(({ at }) => performance.now() - at > settleMs);
    if (settled < 0) return;
    const place = this.#unsettled[settled]?.place;
    this.#unsettled = this.#unsettled.slice(settled + 1);
    if (place) this.#save(place);
  }

  #save(place: Place): void {
    try {
      writeFileSync(this.#placePath, JSON.stringify(place));
    } catch {
      // The bundle is being removed: nobody will read on.
    }
  }
}
