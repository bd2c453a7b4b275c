// When what waits is written: at once where nothing was for a while, else so long after the last time, so that lines wait for one another.
import type { WaitingLines } from "./waiting-lines.ts";

export class Pace {
  /** Those that are written at this pace. */
  readonly streams = new Set<WaitingLines>();
  readonly #pauseMs: () => number;
  readonly #wrote: () => void;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #lastAt: number = Number.NEGATIVE_INFINITY;

  /** `wrote` is told after each time. */
  constructor(pauseMs: () => number, wrote: () => void) {
    this.#pauseMs = pauseMs;
    this.#wrote = wrote;
  }

  /** Something waits to be written. */
  soon(): void {
    if (this.#timer !== undefined || this.#immediate !== undefined) return;
    const waitMs = this.#pauseMs() - (performance.now() - this.#lastAt);
    // A timer would wait for a millisecond at least, and all lines of this turn are here before what is immediate.
    if (waitMs <= 0) this.#immediate = setImmediate(() => void this.now());
    else this.#timer = setTimeout(() => void this.now(), waitMs);
  }

  /** Resolves once what waits now was written. */
  async now(): Promise<void> {
    this.#lastAt = performance.now();
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#immediate = undefined;
    // Beside one another: each is a file of its own.
    await Promise.all(Array.from(this.streams, (stream) => stream.write()));
    this.#wrote();
  }
}
