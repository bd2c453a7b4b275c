// Writes lines in batches. Nothing here throws or makes the caller wait: a line that cannot be kept is counted, and the loss is told.
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { LogLine } from "@slipstream/contract/logs.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import { freeBytes } from "#platform/disk-room.ts";
import { type Log, logOf } from "#platform/log.ts";
import { SpareBatches } from "./batch.ts";
import { Compressor } from "./compressor.ts";
import { appFolder, streamFolder } from "./layout.ts";
import { type LineTags, tagsLineOf } from "./line.ts";
import { Pace } from "./pace.ts";
import type { SegmentOptions } from "./segment-file.ts";
import { WaitingLines, type WaitingParts } from "./waiting-lines.ts";

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
  /** A stream whose waiting lines take so much memory is written at once. */
  batchBytes?: number;
  /** Memory of waiting lines of all streams; more are dropped and counted. */
  waitingBytes?: number;
  /** Bytes of the disk that lines leave to others; what would take of them is dropped and counted. */
  leaveBytes?: number;
  log?: Log;
}

type Settings = Required<Omit<WriterOptions, "group">> & SegmentOptions;

/** Where lines with the same tags go, and what stands before them. */
interface Place {
  stream: WaitingLines;
  tags: LineTags;
  tagsLine: string;
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
  readonly #streams = new Map<string, WaitingLines>();
  /** By instance, or by deployment where a line is of none: the last place of each. */
  readonly #places = new Map<string, Place>();
  /** Until when somebody follows an app, by its folder. */
  readonly #followed = new Map<string, number>();
  /** Apps that are being removed, by their folders: what comes meanwhile is written after that. */
  readonly #removals = new Map<string, Promise<void>>();
  readonly #compressor: Compressor;
  readonly #parts: WaitingParts;
  readonly #usual: Pace;
  readonly #quick: Pace;
  #failing = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  #refusal: unknown;

  constructor(folder: string, options: Settings) {
    this.#folder = folder;
    this.#options = options;
    this.#compressor = new Compressor(folder, options);
    this.#parts = {
      segments: { ...options, opened: new Set(), full: (path) => this.#compressor.add(path) },
      spare: new SpareBatches(),
      waiting: { bytes: 0 },
      waitingBytes: options.waitingBytes,
      refusal: () => this.#refusalNow(),
      wrote: (error) => this.#wrote(error),
    };
    const quickMs = (): number => Math.max(options.followedDelayMs, this.#followed.size * followedPauseMs);
    this.#usual = new Pace(
      () => options.delayMs,
      () => this.#forgetIdle(),
    );
    this.#quick = new Pace(quickMs, () => this.#forgetFollowers());
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
    const place = { stream: this.#streamAt(path, line), tags: line, tagsLine: tagsLineOf(line) };
    if (this.#places.size >= placesKept) this.#places.clear();
    this.#places.set(key, place);
    return place;
  }

  #add({ stream, tagsLine }: Place, line: LogLine): void {
    stream.add(tagsLine, line);
    if (stream.size >= this.#options.batchBytes) void stream.write();
  }

  async flush(): Promise<void> {
    await Promise.all([this.#usual.now(), this.#quick.now()]);
  }

  follow(tenant: string, project: string, app: string): void {
    const path = appFolder(this.#folder, { tenant, project, app });
    if (path === undefined) return;
    this.#forgetFollowers();
    if (!this.#followed.has(path)) this.#setPace(path, this.#quick);
    this.#followed.set(path, performance.now() + this.#options.followedMs);
  }

  #streamsOf(app: string): WaitingLines[] {
    return [...this.#streams.values()].filter((stream) => stream.app === app);
  }

  #setPace(app: string, pace: Pace): void {
    for (const stream of this.#streamsOf(app)) stream.pace = pace;
  }

  #forgetFollowers(): void {
    for (const [app, until] of this.#followed) {
      if (until > performance.now()) continue;
      this.#followed.delete(app);
      this.#setPace(app, this.#usual);
    }
  }

  async removeApp(tenant: string, project: string, app: string): Promise<void> {
    const path = appFolder(this.#folder, { tenant, project, app });
    if (path === undefined) return;
    const ended = Promise.all(this.#streamsOf(path).map((stream) => this.#forget(stream)));
    const removal = ended.then(() => this.#compressor.between(() => this.#remove(path)));
    this.#removals.set(path, removal);
    await removal;
    if (this.#removals.get(path) === removal) this.#removals.delete(path);
  }

  #remove(path: string): Promise<void> {
    return rm(path, { recursive: true, force: true }).catch((error: unknown) => this.#tell(`${path} cannot be removed`, error));
  }

  #streamAt(path: string, line: LogLine): WaitingLines {
    const known = this.#streams.get(path);
    if (known) return known;
    const app = dirname(path);
    const pace = this.#followed.has(app) ? this.#quick : this.#usual;
    const stream = new WaitingLines({ path, line, pace, after: this.#removals.get(app) ?? Promise.resolve() }, this.#parts);
    this.#streams.set(path, stream);
    return stream;
  }

  #wrote(error: unknown): void {
    if (error !== undefined && !this.#failing) this.#tell("log lines cannot be written and are dropped", error);
    this.#failing = error !== undefined;
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

  #forgetIdle(): void {
    for (const stream of this.#streams.values()) {
      if (this.#streams.size <= streamsKept) break;
      if (stream.isIdle) void this.#forget(stream);
    }
  }

  #forget(stream: WaitingLines): Promise<void> {
    this.#streams.delete(stream.path);
    this.#places.clear();
    return stream.end();
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
    followedDelayMs: 2,
    followedMs: 3_000,
    batchBytes: 64 * 1_024,
    waitingBytes: 16 * 2 ** 20,
    leaveBytes: limit("diskLastBytes"),
    log: logOf("logs"),
    ...options,
  });
