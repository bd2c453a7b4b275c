// The last lines that a program wrote, within a number of lines and of bytes.
import type { OutputText } from "@slipstream/contract/ports/host.ts";

export class LastLines {
  readonly #bounds: { lines: number; bytes: number };
  readonly #kept: OutputText[] = [];
  #bytes = 0;
  #omitted = 0;

  constructor(bounds: { lines: number; bytes: number }) {
    this.#bounds = bounds;
  }

  add(line: OutputText): void {
    this.#kept.push(line);
    this.#bytes += Buffer.byteLength(line.text);
    while (this.#kept.length > this.#bounds.lines || this.#bytes > this.#bounds.bytes) {
      this.#bytes -= Buffer.byteLength(this.#kept.shift()?.text ?? "");
      this.#omitted += 1;
    }
  }

  get lines(): OutputText[] {
    return [...this.#kept];
  }

  /** How many came before those that are kept. */
  get omitted(): number {
    return this.#omitted;
  }
}
