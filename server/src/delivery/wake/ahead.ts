// A request that goes to a function before the host has said that it is awake: the request itself loads it.
import type { Sleeps, Waker, Woken } from "./waker.ts";

/** The host is told once the answer has begun, or after so long: what it asks of the function's process would hold up the load. */
const tellAfterMs = 20;

export class Ahead {
  readonly sleeps: Sleeps;
  readonly #waker: Waker;
  readonly #telling: NodeJS.Timeout;
  #told: Promise<Woken> | undefined;

  constructor(waker: Waker, sleeps: Sleeps) {
    this.#waker = waker;
    this.sleeps = sleeps;
    this.#telling = setTimeout(() => this.tell(), tellAfterMs);
  }

  /** Tells the host that somebody uses the function, once, and gives what comes of that. */
  tell(): Promise<Woken> {
    clearTimeout(this.#telling);
    this.#told ??= this.#waker.wake(this.sleeps);
    return this.#told;
  }
}
