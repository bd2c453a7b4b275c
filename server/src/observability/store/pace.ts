// When what waits is written: at once where nothing was for a while, else so long after the last time, so that lines wait for one another.

export class Pace {
  readonly #pauseMs: () => number;
  readonly #write: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #lastAt: number = Number.NEGATIVE_INFINITY;
  /** One that has not begun: it will write what comes until then. */
  #next: Promise<void> | undefined;
  readonly #inTurn: (action: () => Promise<void>) => Promise<void>;

  /** `inTurn` does one thing after the other. */
  constructor(pauseMs: () => number, inTurn: (action: () => Promise<void>) => Promise<void>, write: () => Promise<void>) {
    this.#pauseMs = pauseMs;
    this.#inTurn = inTurn;
    this.#write = write;
  }

  /** Something waits to be written. */
  soon(): void {
    this.#timer ??= setTimeout(() => void this.now(), Math.max(0, this.#pauseMs() - (performance.now() - this.#lastAt)));
  }

  now(): Promise<void> {
    this.#lastAt = performance.now();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next ??= this.#inTurn(() => {
      this.#next = undefined;
      return this.#write();
    });
    return this.#next;
  }
}
