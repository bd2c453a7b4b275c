// Looks now and then whether a program is there: of one whose conmon was killed nobody is told that it has ended.
const everyMs = 2_000;
/** Looked at twice: conmon may be about to write the end down. */
const missedMax = 1;

export class Pulse {
  readonly #isThere: () => boolean;
  readonly #onGone: () => void;
  #timer: NodeJS.Timeout | undefined;
  #missed = 0;

  constructor(isThere: () => boolean, onGone: () => void) {
    this.#isThere = isThere;
    this.#onGone = onGone;
  }

  begin(): void {
    this.end();
    this.#timer = setInterval(() => this.#feel(), everyMs).unref();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#missed = 0;
  }

  #feel(): void {
    this.#missed = this.#isThere() ? 0 : this.#missed + 1;
    if (this.#missed > missedMax) this.#onGone();
  }
}
