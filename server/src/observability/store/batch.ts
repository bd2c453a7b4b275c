// Lines that wait to be written together. They become bytes all at once: the code of it and what it touches are cold after each pause, and then
// they are fetched once for all lines, not once for each few.
import type { LogLine } from "@slipstream/contract/logs.ts";
import { LineText } from "./line.ts";

const leastBytes = 4_096;
/** Larger ones are not kept for other lines. */
const keptBytes = 256 * 1_024;
const keptBatches = 32;
/** Memory that a line takes beside its text, roughly. */
const besideText = 200;

export class Batch {
  /** For each line, the line of tags that is to stand before it. */
  #tags: string[] = [];
  #lines: LogLine[] = [];
  #size = 0;
  #bytes = Buffer.allocUnsafeSlow(leastBytes);

  /** Adds a line; gives the memory that it takes. */
  add(tags: string, line: LogLine): number {
    this.#tags.push(tags);
    this.#lines.push(line);
    const size = sizeOf(line);
    this.#size += size;
    return size;
  }

  get lines(): number {
    return this.#lines.length;
  }
  /** Memory that its lines take, roughly. */
  get size(): number {
    return this.#size;
  }
  get capacity(): number {
    return this.#bytes.length;
  }

  /** As they will lie on the disk; good until the next time. */
  bytes(): Buffer {
    const text = new LineText();
    for (let index = 0; index < this.#lines.length; index += 1) text.add(this.#tags[index] as string, this.#lines[index] as LogLine);
    this.#reserve(Buffer.byteLength(text.all));
    return this.#bytes.subarray(0, this.#bytes.write(text.all));
  }

  clear(): void {
    this.#tags = [];
    this.#lines = [];
    this.#size = 0;
  }

  #reserve(bytes: number): void {
    if (bytes > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(Math.max(bytes, this.#bytes.length * 2));
  }
}

export const sizeOf = (line: LogLine): number => line.text.length + besideText;

/** Batches that were written and wait for other lines: some, and none that is large. */
export class SpareBatches {
  readonly #spare: Batch[] = [];

  take(): Batch {
    return this.#spare.pop() ?? new Batch();
  }

  giveBack(batch: Batch): void {
    batch.clear();
    if (this.#spare.length < keptBatches && batch.capacity <= keptBytes) this.#spare.push(batch);
  }
}
