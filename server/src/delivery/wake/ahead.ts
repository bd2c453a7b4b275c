// A request that goes to a function before the host has said that it is awake: the request itself loads it.
import type { Sleeps, Waker } from "./waker.ts";

/** The host is told once the answer has begun, or after so long: what it asks of the function's process would hold up the load. */
const tellAfterMs = 20;

export class Ahead {
  readonly sleeps: Sleeps;
  readonly #waker: Waker;
  #telling: NodeJS.Timeout | undefined;

  constructor(waker: Waker, sleeps: Sleeps) {
    this.#waker = waker;
    this.sleeps = sleeps;
    this.#telling = setTimeout(() => this.tell(), tellAfterMs);
  }

  /** Tells the host that somebody uses the function, unless it was told. */
  tell(): void {
    if (this.#telling !== undefined) void this.#waker.wake(this.sleeps);
    this.end();
  }

  /** Nothing came of it: the host is asked in another way. */
  end(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
  }
}
