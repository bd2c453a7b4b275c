// Requests that wait for a connection, in turn among their clients: who asks for much waits behind themselves.

/** What waits, and whose it is. */
export interface Waiting {
  readonly network: string;
}

export class FairQueue<T extends Waiting> {
  /** Those whose turn comes next are first. */
  readonly #clients = new Map<string, Set<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many wait of one client. */
  of(network: string): number {
    return this.#clients.get(network)?.size ?? 0;
  }

  add(waiting: T): void {
    const own = this.#clients.get(waiting.network);
    if (own) own.add(waiting);
    else this.#clients.set(waiting.network, new Set([waiting]));
    this.#size += 1;
  }

  delete(waiting: T): boolean {
    const own = this.#clients.get(waiting.network);
    if (!own?.delete(waiting)) return false;
    this.#size -= 1;
    if (own.size === 0) this.#clients.delete(waiting.network);
    return true;
  }

  /** Takes what has waited longest of the client whose turn it is, of those that may have a connection. */
  take(mayHave: (network: string) => boolean): T | undefined {
    for (const [network, own] of this.#clients) {
      const [next] = own;
      if (next === undefined || !mayHave(network)) continue;
      this.delete(next);
      // Behind all others, where more of it waits.
      if (this.#clients.delete(network)) this.#clients.set(network, own);
      return next;
    }
    return undefined;
  }
}
