// Writes lines in batches. Nothing here throws or makes the caller wait: a line that cannot be kept is counted, and the loss is told.
import { rm } from "node:fs/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { LogLine } from "@slipstream/contract/logs.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import { freeBytes } from "#platform/disk-room.ts";
import { type Log, logOf } from "#platform/log.ts";
import { appFolder, streamFolder } from "./layout.ts";
import { formatLine } from "./line.ts";
import { SegmentFile, type SegmentOptions } from "./segment-file.ts";

export interface WriterOptions {
  /** Group that may read the files. */
  group?: number;
  segmentBytes?: number;
  limitBytes?: number;
  /** Lines are written at most so often, and wait at most so long for others. */
  delayMs?: number;
  /** A stream with so much waiting is written at once. */
  batchBytes?: number;
  /** Memory for waiting lines of all streams; more are dropped and counted. */
  waitingBytes?: number;
  /** Bytes of the disk that lines leave to others; what would take of them is dropped and counted. */
  leaveBytes?: number;
  log?: Log;
}

type Settings = Required<Omit<WriterOptions, "group">> & SegmentOptions;

interface Waiting {
  file: SegmentFile;
  lines: string[];
  bytes: number;
  /** The last line, whose tags a notice of loss takes. */
  last: LogLine;
  dropped: number;
}

const streamsKept = 1_024;

class FolderWriter implements LogWriter {
  readonly #folder: string;
  readonly #options: Settings;
  readonly #streams = new Map<string, Waiting>();
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #flushedAt: number = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();
  /** A flush that has not begun: it will write what is appended until then. */
  #flushing: Promise<void> | undefined;
  #failing = false;

  constructor(folder: string, options: Settings) {
    this.#folder = folder;
    this.#options = options;
  }

  append(line: LogLine): void {
    const path = streamFolder(this.#folder, line);
    if (path === undefined) this.#tell("a line of an app with an impossible name was dropped");
    else this.#add(this.#streamAt(path, line), line);
  }

  #add(stream: Waiting, line: LogLine): void {
    const text = formatLine(line, limit("logLineBytes"));
    const bytes = Buffer.byteLength(text);
    stream.last = line;
    if (this.#waitingBytes + bytes > this.#options.waitingBytes) {
      stream.dropped += 1;
      return;
    }
    stream.lines.push(text);
    stream.bytes += bytes;
    this.#waitingBytes += bytes;
    if (stream.bytes >= this.#options.batchBytes) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), this.#pauseMs());
  }

  /** A line that comes after a while is written at once; those that follow it wait for one another. */
  #pauseMs(): number {
    return Math.max(0, this.#options.delayMs - (performance.now() - this.#flushedAt));
  }

  flush(): Promise<void> {
    this.#flushedAt = performance.now();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing ??= this.#after(() => {
      this.#flushing = undefined;
      return this.#writeAll();
    });
    return this.#flushing;
  }

  removeApp(tenant: string, project: string, app: string): Promise<void> {
    const path = appFolder(this.#folder, { tenant, project, app });
    if (path === undefined) return Promise.resolve();
    return this.#after(async () => {
      for (const [key, stream] of this.#streams) if (key.startsWith(`${path}/`)) this.#forget(key, stream);
      await rm(path, { recursive: true, force: true }).catch((error: unknown) => this.#tell(`${path} cannot be removed`, error));
    });
  }

  /** One thing at a time touches the files. */
  #after(action: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.then(action);
    return this.#writing;
  }

  #streamAt(path: string, line: LogLine): Waiting {
    const known = this.#streams.get(path);
    if (known) return known;
    const stream = { file: new SegmentFile(path, this.#options), lines: [], bytes: 0, last: line, dropped: 0 };
    this.#streams.set(path, stream);
    return stream;
  }

  async #writeAll(): Promise<void> {
    for (const stream of [...this.#streams.values()]) if (stream.lines.length > 0 || stream.dropped > 0) await this.#write(stream);
    for (const [key, stream] of this.#streams) {
      if (this.#streams.size <= streamsKept) break;
      if (stream.lines.length === 0 && stream.dropped === 0) this.#streams.delete(key);
    }
  }

  async #write(stream: Waiting): Promise<void> {
    const { lines, bytes, dropped } = stream;
    stream.lines = [];
    stream.bytes = 0;
    stream.dropped = 0;
    const notice = dropped > 0 ? [this.#noticeOf(stream.last, dropped)] : [];
    try {
      this.#requireRoom();
      await stream.file.append([...notice, ...lines].join(""));
      this.#failing = false;
    } catch (error) {
      stream.dropped += dropped + lines.length;
      if (!this.#failing) this.#tell("log lines cannot be written and are dropped", error);
      this.#failing = true;
    } finally {
      this.#waitingBytes -= bytes;
    }
  }

  #requireRoom(): void {
    if (freeBytes(this.#folder) < this.#options.leaveBytes) throw new SlipError("disk_full");
  }

  #noticeOf(line: LogLine, dropped: number): string {
    const text = `${dropped} lines were lost here: they came faster than they could be written, or the disk was full`;
    return formatLine({ ...line, stream: "stderr", text }, limit("logLineBytes"));
  }

  #forget(key: string, stream: Waiting): void {
    this.#waitingBytes -= stream.bytes;
    this.#streams.delete(key);
  }

  #tell(message: string, error?: unknown): void {
    if (error === undefined) this.#options.log.warn(message);
    else this.#options.log.error(message, error);
  }
}

/**
 * The writer of one process, which alone writes to `folder`. Files are made 0640 and folders 0750, of `group` where it is given
 * and this process is root. Lines are on disk within `delayMs`, one that comes after a while at once; the oldest segments of a stream go when it outgrows its limit.
 */
export const logWriter = (folder: string, options: WriterOptions = {}): LogWriter =>
  new FolderWriter(folder, {
    group: undefined,
    segmentBytes: 4 * 2 ** 20,
    limitBytes: limit("logAppBytes"),
    delayMs: 100,
    batchBytes: 64 * 1_024,
    waitingBytes: 16 * 2 ** 20,
    leaveBytes: limit("diskLastBytes"),
    log: logOf("logs"),
    ...options,
  });
