// The networks in which git fetches: each one fetch's own, with the way out that builds have. A repository names hosts by its submodules
// and redirects, so those of the machine and of the networks around it are closed, but for the ones that the operator named.
import { lookup } from "node:dns/promises";
import type { FetchNetwork } from "@slipstream/contract/ports/sandbox.ts";
import { admitFetch, dismissFetch } from "./egress.ts";
import type { NetworkPool } from "./pool.ts";
import { resolvConf } from "./resolvers.ts";

export interface FetchNetworksOptions {
  id: string;
  pool: NetworkPool;
  resolvers: readonly string[];
  /** Names and IPv4 addresses. */
  hosts: readonly string[];
}

/** The addresses that each host has now; one that is not known has none. */
const addressesOf = async (hosts: readonly string[]): Promise<string[]> => {
  const found = await Promise.all(hosts.map((host) => lookup(host, { family: 4, all: true }).catch(() => [])));
  return [...new Set(found.flat().map(({ address }) => address))];
};

export class FetchNetworks {
  readonly #options: FetchNetworksOptions;
  readonly #names = new Set<string>();

  constructor(options: FetchNetworksOptions) {
    this.#options = options;
  }

  /** Of the networks in use. */
  get names(): string[] {
    return [...this.#names];
  }

  async with<T>(tell: (line: string) => void, act: (network: FetchNetwork) => Promise<T>): Promise<T> {
    const { id, pool, resolvers, hosts } = this.#options;
    const addresses = await addressesOf(hosts);
    const slot = await pool.acquire();
    this.#names.add(slot.name);
    try {
      await admitFetch(id, slot.address, addresses);
      pool.tellDenied(slot, tell);
      return await act({ path: slot.path, resolvConf: resolvConf(resolvers) });
    } finally {
      await dismissFetch(id, slot.address, addresses);
      await pool.release(slot);
      this.#names.delete(slot.name);
    }
  }
}
