// The lines of one stream on their way to its file: one write at a time takes all that wait then.
import { dirname } from "node:path";
import { limit } from "@slipstream/contract/limits.ts";
import type { LogLine } from "@slipstream/contract/logs.ts";
import { type Batch, type SpareBatches, sizeOf } from "./batch.ts";
import { cutText, formatLine } from "./line.ts";
import type { Pace } from "./pace.ts";
import { SegmentFile, type SegmentParts } from "./segment-file.ts";

export interface WaitingParts {
  segments: SegmentParts;
  spare: SpareBatches;
  /** Of all streams of one process. */
  waiting: { bytes: number };
  /** Bytes that may wait; more are dropped and counted. */
  waitingBytes: number;
  /** Why nothing can be written now, or undefined. */
  refusal(): unknown;
  /** Told how each write has ended: undefined when it was well. */
  wrote(error: unknown): void;
}

export interface WaitingStart {
  path: string;
  /** Tags of a notice of loss, until a line comes. */
  line: LogLine;
  pace: Pace;
  /** Nothing is written before. */
  after: Promise<void>;
}

const noticeOf = (line: LogLine, dropped: number): Buffer => {
  const text = `${dropped} lines were lost here: they came faster than they could be written, or the disk was full`;
  return Buffer.from(formatLine({ ...line, stream: "stderr", text }, limit("logLineBytes")));
};

export class WaitingLines {
  readonly path: string;
  readonly #parts: WaitingParts;
  readonly #file: SegmentFile;
  #pace: Pace;
  /** Undefined while nothing waits. */
  #batch: Batch | undefined;
  /** The last line, whose tags a notice of loss takes. */
  #last: LogLine;
  #dropped = 0;
  /** The write that was asked for last. */
  #writing: Promise<void>;
  /** One that has not begun: it will take what comes until then. */
  #next: Promise<void> | undefined;
  #isWriting = false;

  constructor({ path, line, pace, after }: WaitingStart, parts: WaitingParts) {
    this.path = path;
    this.#parts = parts;
    this.#file = new SegmentFile(path, parts.segments);
    this.#last = line;
    this.#writing = after;
    this.#pace = pace;
    pace.streams.add(this);
  }

  /** The folder of its app. */
  get app(): string {
    return dirname(this.path);
  }
  get isIdle(): boolean {
    return !this.#waits && this.#next === undefined && !this.#isWriting;
  }
  /** Memory of what waits. */
  get size(): number {
    return this.#batch?.size ?? 0;
  }
  get #waits(): boolean {
    return this.#batch !== undefined || this.#dropped > 0;
  }

  /** Takes a line, before which the line `tags` is to stand, or counts it as lost where too many wait. */
  add(tags: string, given: LogLine): void {
    const { waiting, waitingBytes, spare } = this.#parts;
    const text = cutText(given.text, limit("logLineBytes"));
    const line = text === given.text ? given : { ...given, text };
    this.#last = line;
    if (waiting.bytes + sizeOf(line) > waitingBytes) {
      this.#dropped += 1;
      return;
    }
    if (this.#batch === undefined) {
      this.#batch = spare.take();
      this.#pace.soon();
    }
    waiting.bytes += this.#batch.add(tags, line);
  }

  set pace(pace: Pace) {
    this.#pace.streams.delete(this);
    this.#pace = pace;
    pace.streams.add(this);
    if (this.#waits) pace.soon();
  }

  /** Resolves once what waits now is with the system, or counted as lost. */
  write(): Promise<void> {
    if (!this.#waits) return this.#writing;
    this.#next ??= this.#writing.then(() => this.#writeNow());
    this.#writing = this.#next;
    return this.#next;
  }

  /** What waits is forgotten; resolves once nothing touches the file any more. */
  async end(): Promise<void> {
    this.#pace.streams.delete(this);
    this.#parts.waiting.bytes -= this.size;
    this.#take();
    await this.#writing;
    this.#file.close();
  }

  async #writeNow(): Promise<void> {
    this.#next = undefined;
    const { batch, dropped } = this.#take();
    if (batch === undefined && dropped === 0) return;
    this.#isWriting = true;
    const error = await this.#append(batch, dropped);
    if (error !== undefined) this.#dropped += dropped + (batch?.lines ?? 0);
    if (batch) this.#parts.spare.giveBack(batch);
    this.#isWriting = false;
    this.#parts.wrote(error);
  }

  #take(): { batch: Batch | undefined; dropped: number } {
    const taken = { batch: this.#batch, dropped: this.#dropped };
    this.#batch = undefined;
    this.#dropped = 0;
    return taken;
  }

  /** Gives what went wrong, or undefined. What is being written counts as waiting. */
  async #append(batch: Batch | undefined, dropped: number): Promise<unknown> {
    try {
      const refusal = this.#parts.refusal();
      if (refusal !== undefined) return refusal;
      const bytes = batch?.bytes() ?? Buffer.alloc(0);
      await this.#file.append(dropped > 0 ? Buffer.concat([noticeOf(this.#last, dropped), bytes]) : bytes);
      return undefined;
    } catch (error) {
      return error;
    } finally {
      this.#parts.waiting.bytes -= batch?.size ?? 0;
    }
  }
}
