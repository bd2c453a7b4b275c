// A bounded amount of work at a time; the rest waits in the order in which it came, and of several who wait, all come to have their share.

const never = new AbortController().signal;

export interface Turn {
  /** Whose work it is: next is always one of those who have the least under way. Undefined is one, too. */
  of?: string;
  /** A wait that is aborted rejects with the signal's reason, and the work is not done. */
  signal?: AbortSignal;
  /** How much of the bound it takes. What is more than all of it waits until it can have all. */
  weight?: number;
  /** Told where it has to wait, with how many run or waited before it. */
  waits?: (ahead: number) => void;
}

interface Waiting {
  of: string | undefined;
  weight: number;
  begin: () => void;
}

export class Turns {
  readonly #bound: number;
  #free: number;
  #running = 0;
  #waiting: Waiting[] = [];
  /** The weight of what is under way of each. */
  readonly #shares = new Map<string | undefined, number>();

  constructor(bound: number) {
    this.#bound = bound;
    this.#free = bound;
  }

  /** Does `act` when it is its turn. Nobody is overtaken by what is lighter, so that what is heavy is not put off for ever. */
  async run<T>(act: () => Promise<T>, { of, signal = never, weight = 1, waits }: Turn = {}): Promise<T> {
    signal.throwIfAborted();
    const taken = Math.min(weight, this.#bound);
    if (this.#waiting.length === 0 && taken <= this.#free) this.#take(of, taken);
    else {
      waits?.(this.#running + this.#waiting.length);
      await this.#wait(of, taken, signal);
    }
    try {
      return await act();
    } finally {
      this.#giveBack(of, taken);
      this.#admit();
    }
  }

  #share(of: string | undefined): number {
    return this.#shares.get(of) ?? 0;
  }

  #take(of: string | undefined, weight: number): void {
    this.#free -= weight;
    this.#running += 1;
    this.#shares.set(of, this.#share(of) + weight);
  }

  #giveBack(of: string | undefined, weight: number): void {
    this.#free += weight;
    this.#running -= 1;
    const left = this.#share(of) - weight;
    if (left > 0) this.#shares.set(of, left);
    else this.#shares.delete(of);
  }

  /** Of those who have the least under way, the one who came first. */
  get #next(): Waiting | undefined {
    const [first, ...others] = this.#waiting;
    return first && others.reduce((least, it) => (this.#share(it.of) < this.#share(least.of) ? it : least), first);
  }

  #admit(): void {
    for (let next = this.#next; next && next.weight <= this.#free; next = this.#next) {
      const { of, weight, begin } = next;
      this.#waiting = this.#waiting.filter((it) => it !== next);
      this.#take(of, weight);
      begin();
    }
  }

  #wait(of: string | undefined, weight: number, signal: AbortSignal): Promise<void> {
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
      const waiting: Waiting = { of, weight, begin };
      this.#waiting.push(waiting);
      signal.addEventListener("abort", leave, { once: true });
      // Somebody else's heavy work may wait for room that this one does not need.
      this.#admit();
    });
  }
}
