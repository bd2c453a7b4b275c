// What the bodies of requests hold of control's memory: of one token so much, and of all together.
import { limit } from "@slipstream/contract/limits.ts";
import { RateLimited } from "./rate-limits.ts";

/** Takes room for so many bytes more of one request. Throws `rate_limited` where there is none. */
export type TakeRoom = (bytes: number) => void;

export class BodyRoom {
  readonly #ofOne: number;
  readonly #ofAll: number;
  readonly #held = new Map<string, number>();
  #total = 0;

  constructor({ ofOne, ofAll } = { ofOne: limit("bodyBytesOfToken"), ofAll: limit("bodyBytesOfAll") }) {
    this.#ofOne = ofOne;
    this.#ofAll = ofAll;
  }

  /** For one request of `caller`; `end` gives back all that it took. */
  begin(caller: string): { take: TakeRoom; end: () => void } {
    let own = 0;
    const add = (bytes: number): void => {
      own += bytes;
      this.#total += bytes;
      const left = (this.#held.get(caller) ?? 0) + bytes;
      if (left > 0) this.#held.set(caller, left);
      else this.#held.delete(caller);
    };
    const take = (bytes: number): void => {
      if ((this.#held.get(caller) ?? 0) + bytes > this.#ofOne) throw new RateLimited("What this token sends at the same time is too large.", 1);
      if (this.#total + bytes > this.#ofAll) throw new RateLimited("What is sent to the platform at the same time is too large.", 1);
      add(bytes);
    };
    return { take, end: () => add(-own) };
  }
}
