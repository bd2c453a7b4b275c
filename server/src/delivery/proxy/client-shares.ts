// How much of what an edge process has to give one client holds: a part, so that there is something left for others.

export class ClientShares {
  readonly #most: number;
  /** By what `networkOf` says of the client. */
  readonly #held = new Map<string, number>();

  /** `percent` of `all` is for one client, at least one. */
  constructor(all: number, percent: number) {
    this.#most = Math.max(1, Math.floor((all * percent) / 100));
  }

  hasRoom(network: string): boolean {
    return (this.#held.get(network) ?? 0) < this.#most;
  }

  /** Takes one for the client, to be given back once. False where it holds its share. */
  take(network: string): boolean {
    const held = this.#held.get(network) ?? 0;
    if (held >= this.#most) return false;
    this.#held.set(network, held + 1);
    return true;
  }

  giveBack(network: string): void {
    const left = (this.#held.get(network) ?? 0) - 1;
    if (left > 0) this.#held.set(network, left);
    else this.#held.delete(network);
  }
}
