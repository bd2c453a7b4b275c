// A bounded amount of work at a time; the rest waits in the order in which it came.

const never = new AbortController().signal;

export interface Turn {
  /** A wait that is aborted rejects with the signal's reason, and the work is not done. */
  signal?: AbortSignal;
  /** How much of the bound it takes. What is more than all of it waits until it can have all. */
  weight?: number;
  /** Told where it has to wait, with how many are in front of it. */
  waits?: (ahead: number) => void;
}

interface Waiting {
  weight: number;
  begin: () => void;
}

export class Turns {
  readonly #bound: number;
  #free: number;
  #running = 0;
  #waiting: Waiting[] = [];

  constructor(bound: number) {
    this.#bound = bound;
    this.#free = bound;
  }

  /** Does `act` when it is its turn. Nobody overtakes, so that what is heavy is not put off for ever. */
  async run<T>(act: () => Promise<T>, { signal = never, weight = 1, waits }: Turn = {}): Promise<T> {
    signal.throwIfAborted();
    const taken = Math.min(weight, this.#bound);
    if (this.#waiting.length === 0 && taken <= this.#free) this.#take(taken);
    else {
      waits?.(this.#running + this.#waiting.length);
      await this.#wait(taken, signal);
    }
    try {
      return await act();
    } finally {
      this.#free += taken;
      this.#running -= 1;
      this.#admit();
    }
  }

  #take(weight: number): void {
    this.#free -= weight;
    this.#running += 1;
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && next.weight <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#take(next.weight);
      next.begin();
    }
  }

  #wait(weight: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((it) => it !== waiting);
        reject(signal.reason);
        // It may have been what all the others waited for.
        this.#admit();
      };
      const begin = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const waiting: Waiting = { weight, begin };
      this.#waiting.push(waiting);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}
