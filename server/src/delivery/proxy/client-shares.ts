// How much of what an edge process has to give one client holds: a part, so that there is something left for others.
import { networkOf } from "#platform/client-network.ts";

export class ClientShares {
  readonly #most: number;
  readonly #held = new Map<string, number>();

  /** `percent` of `all` is for one client, at least one. */
  constructor(all: number, percent: number) {
    this.#most = Math.max(1, Math.floor((all * percent) / 100));
  }

  hasRoom(address: string): boolean {
    return (this.#held.get(networkOf(address)) ?? 0) < this.#most;
  }

  /** Takes one for who is at `address`. Gives what gives it back, which is called once; undefined where the client holds its share. */
  take(address: string): (() => void) | undefined {
    const client = networkOf(address);
    const held = this.#held.get(client) ?? 0;
    if (held >= this.#most) return undefined;
    this.#held.set(client, held + 1);
    return () => this.#giveBack(client);
  }

  #giveBack(client: string): void {
    const left = (this.#held.get(client) ?? 0) - 1;
    if (left > 0) this.#held.set(client, left);
    else this.#held.delete(client);
  }
}
