// Lines that wait to be written together, as the bytes that will lie on the disk. A string of each would be kept, moved and collected.

const leastBytes = 4_096;
/** Larger ones are not kept for other lines. */
const keptBytes = 256 * 1_024;
const keptBatches = 32;
/** Bytes of UTF-8 for one unit of a string, at most. */
const bytesOfUnit = 3;

export class Batch {
  #bytes = Buffer.allocUnsafeSlow(leastBytes);
  #length = 0;
  #lines = 0;

  /** Adds a line, `head` as it is, then `rest`; gives the bytes of it. */
  add(head: Buffer, rest: string): number {
    const before = this.#length;
    this.#reserve(this.#length + head.length + rest.length * bytesOfUnit);
    this.#bytes.set(head, this.#length);
    this.#length += head.length;
    this.#length += this.#bytes.write(rest, this.#length);
    this.#lines += 1;
    return this.#length - before;
  }

  get lines(): number {
    return this.#lines;
  }
  get length(): number {
    return this.#length;
  }
  get capacity(): number {
    return this.#bytes.length;
  }
  /** Good until the next change. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    this.#lines = 0;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, this.#bytes.length * 2));
    larger.set(this.bytes);
    this.#bytes = larger;
  }
}

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
