// Writes lines in batches. Nothing here throws or makes the caller wait: a line that cannot be kept is counted, and the loss is told.
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { LogLine, LogTags } from "@slipstream/contract/logs.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import { freeBytes } from "#platform/disk-room.ts";
import { type Log, logOf } from "#platform/log.ts";
import { type Batch, SpareBatches } from "./batch.ts";
import { Compressor } from "./compressor.ts";
import { appFolder, streamFolder } from "./layout.ts";
import { formatLine, headOf, restOf } from "./line.ts";
import { Pace } from "./pace.ts";
import { SegmentFile, type SegmentOptions, type SegmentParts } from "./segment-file.ts";

export interface WriterOptions {
  /** Group that may read the files. */
  group?: number;
  segmentBytes?: number;
  limitBytes?: number;
  /** Lines are written at most so often, and wait at most so long for others. */
  delayMs?: number;
  /** The same where somebody follows them. */
  followedDelayMs?: number;
  /** Somebody follows for so long; who goes on says so again before. */
  followedMs?: number;
  /** A stream with so much waiting is written at once. */
  batchBytes?: number;
  /** Bytes of waiting lines of all streams; more are dropped and counted. */
  waitingBytes?: number;
  /** Bytes of the disk that lines leave to others; what would take of them is dropped and counted. */
  leaveBytes?: number;
  log?: Log;
}

type Settings = Required<Omit<WriterOptions, "group">> & SegmentOptions;

interface Waiting {
  readonly path: string;
  readonly file: SegmentFile;
  pace: Pace;
  /** Undefined while nothing waits. */
  batch: Batch | undefined;
  /** The last line, whose tags a notice of loss takes. */
  last: LogLine;
  dropped: number;
}

/** Where lines with the same tags go, and what they begin with. */
interface Place {
  stream: Waiting;
  tags: LogTags & Pick<LogLine, "source">;
  head: Buffer;
}

const isOf = ({ tags }: Place, line: LogLine): boolean =>
  tags.instance === line.instance &&
  tags.deployment === line.deployment &&
  tags.source === line.source &&
  tags.app === line.app &&
  tags.project === line.project &&
  tags.tenant === line.tenant &&
  tags.commit === line.commit;

const roomMs = 50;
const streamsKept = 1_024;
const placesKept = 4_096;
/** Processor time that goes into followed streams is bounded: each of them makes all of them wait so much longer. */
const followedPauseMs = 0.1;

class FolderWriter implements LogWriter {
  readonly #folder: string;
  readonly #options: Settings;
  readonly #streams = new Map<string, Waiting>();
  /** By instance, or by deployment where a line is of none: the last place of each. */
  readonly #places = new Map<string, Place>();
  readonly #spare = new SpareBatches();
  /** Until when somebody follows an app, by its folder. */
  readonly #followed = new Map<string, number>();
  readonly #compressor: Compressor;
  readonly #parts: SegmentParts;
  readonly #usual: Pace;
  readonly #quick: Pace;
  #waitingBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #failing = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  #refusal: unknown;

  constructor(folder: string, options: Settings) {
    this.#folder = folder;
    this.#options = options;
    this.#compressor = new Compressor(folder, options);
    this.#parts = { ...options, opened: new Set(), full: (path) => this.#compressor.add(path) };
    const inTurn = (action: () => Promise<void>): Promise<void> => this.#inTurn(action);
    const quickMs = (): number => Math.max(options.followedDelayMs, this.#followed.size * followedPauseMs);
    this.#usual = new Pace(
      () => options.delayMs,
      inTurn,
      () => this.#writeAll(),
    );
    this.#quick = new Pace(quickMs, inTurn, () => this.#writeFollowed());
  }

  append(line: LogLine): void {
    const place = this.#placeOf(line);
    if (place === undefined) this.#tell("a line of an app with an impossible name was dropped");
    else this.#add(place, line);
  }

  #placeOf(line: LogLine): Place | undefined {
    const key = line.instance || line.deployment;
    const known = this.#places.get(key);
    if (known && isOf(known, line)) return known;
    const path = streamFolder(this.#folder, line);
    if (path === undefined) return undefined;
    const place = { stream: this.#streamAt(path, line), tags: line, head: Buffer.from(headOf(line)) };
    if (this.#places.size >= placesKept) this.#places.clear();
    this.#places.set(key, place);
    return place;
  }

  #add({ stream, head }: Place, line: LogLine): void {
    const rest = restOf(line, limit("logLineBytes"));
    stream.last = line;
    if (this.#waitingBytes + head.length + rest.length > this.#options.waitingBytes) {
      stream.dropped += 1;
      return;
    }
    stream.batch ??= this.#spare.take();
    const before = stream.batch.length;
    stream.batch.add(head, rest);
    this.#waitingBytes += stream.batch.length - before;
    if (stream.batch.length >= this.#options.batchBytes) void this.flush();
    else stream.pace.soon();
  }

  flush(): Promise<void> {
    return this.#usual.now();
  }

  follow(tenant: string, project: string, app: string): void {
    const path = appFolder(this.#folder, { tenant, project, app });
    if (path === undefined) return;
    this.#forgetFollowers();
    if (!this.#followed.has(path)) this.#setPace(path, this.#quick);
    this.#followed.set(path, performance.now() + this.#options.followedMs);
  }

  #setPace(app: string, pace: Pace): void {
    for (const stream of this.#streams.values()) {
      if (dirname(stream.path) !== app) continue;
      stream.pace = pace;
      if (stream.batch) pace.soon();
    }
  }

  #forgetFollowers(): void {
    for (const [app, until] of this.#followed) {
      if (until > performance.now()) continue;
      this.#followed.delete(app);
      this.#setPace(app, this.#usual);
    }
  }

  removeApp(tenant: string, project: string, app: string): Promise<void> {
    const path = appFolder(this.#folder, { tenant, project, app });
    if (path === undefined) return Promise.resolve();
    return this.#inTurn(() => {
      for (const stream of this.#streams.values()) if (dirname(stream.path) === path) this.#forget(stream);
      return this.#compressor.between(() => this.#remove(path));
    });
  }

  #remove(path: string): Promise<void> {
    return rm(path, { recursive: true, force: true }).catch((error: unknown) => this.#tell(`${path} cannot be removed`, error));
  }

  /** One thing at a time touches the files. */
  #inTurn(action: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.then(action);
    return this.#writing;
  }

  #streamAt(path: string, line: LogLine): Waiting {
    const known = this.#streams.get(path);
    if (known) return known;
    const pace = this.#followed.has(dirname(path)) ? this.#quick : this.#usual;
    const stream: Waiting = { path, file: new SegmentFile(path, this.#parts), pace, batch: undefined, last: line, dropped: 0 };
    this.#streams.set(path, stream);
    return stream;
  }

  async #writeAll(): Promise<void> {
    await this.#write([...this.#streams.values()]);
    for (const stream of this.#streams.values()) {
      if (this.#streams.size <= streamsKept) break;
      if (stream.batch === undefined && stream.dropped === 0) this.#forget(stream);
    }
  }

  async #writeFollowed(): Promise<void> {
    await this.#write([...this.#streams.values()].filter((stream) => stream.pace === this.#quick));
    this.#forgetFollowers();
  }

  /** Beside one another: each is a file of its own. */
  async #write(streams: readonly Waiting[]): Promise<void> {
    const refusal = this.#refusalNow();
    await Promise.all(streams.filter((stream) => stream.batch || stream.dropped > 0).map((stream) => this.#writeOne(stream, refusal)));
  }

  async #writeOne(stream: Waiting, refusal: unknown): Promise<void> {
    const { batch = this.#spare.take(), dropped } = stream;
    stream.batch = undefined;
    stream.dropped = 0;
    try {
      if (refusal !== undefined) throw refusal;
      await stream.file.append(dropped > 0 ? Buffer.concat([this.#noticeOf(stream.last, dropped), batch.bytes]) : batch.bytes);
      this.#failing = false;
    } catch (error) {
      stream.dropped += dropped + batch.lines;
      if (!this.#failing) this.#tell("log lines cannot be written and are dropped", error);
      this.#failing = true;
    } finally {
      this.#waitingBytes -= batch.length;
      this.#spare.giveBack(batch);
    }
  }

  /** Why nothing can be written; the disk is asked once in a while. */
  #refusalNow(): unknown {
    const now = performance.now();
    if (now - this.#askedAt < roomMs) return this.#refusal;
    this.#askedAt = now;
    this.#refusal = this.#askRoom();
    return this.#refusal;
  }

  #askRoom(): unknown {
    try {
      return freeBytes(this.#folder) < this.#options.leaveBytes ? new SlipError("disk_full") : undefined;
    } catch (error) {
      return error;
    }
  }

  #noticeOf(line: LogLine, dropped: number): Buffer {
    const text = `${dropped} lines were lost here: they came faster than they could be written, or the disk was full`;
    return Buffer.from(formatLine({ ...line, stream: "stderr", text }, limit("logLineBytes")));
  }

  #forget(stream: Waiting): void {
    this.#waitingBytes -= stream.batch?.length ?? 0;
    stream.file.close();
    this.#streams.delete(stream.path);
    this.#places.clear();
  }

  #tell(message: string, error?: unknown): void {
    if (error === undefined) this.#options.log.warn(message);
    else this.#options.log.error(message, error);
  }
}

/**
 * The writer of one process, which alone writes to `folder`. Files are made 0640 and folders 0750, of `group` where it is given
 * and this process is root. Lines are on disk within `delayMs`, one that comes after a while at once; the oldest segments of a stream go when it
 * outgrows its limit. A line that was written survives the process, but not the machine: nothing waits for the disk.
 */
export const logWriter = (folder: string, options: WriterOptions = {}): LogWriter =>
  new FolderWriter(folder, {
    group: undefined,
    segmentBytes: 4 * 2 ** 20,
    limitBytes: limit("logAppBytes"),
    delayMs: 100,
    followedDelayMs: 1,
    followedMs: 3_000,
    batchBytes: 64 * 1_024,
    waitingBytes: 16 * 2 ** 20,
    leaveBytes: limit("diskLastBytes"),
    log: logOf("logs"),
    ...options,
  });
