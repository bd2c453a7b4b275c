// The route table as the edge uses it: one look-up by host, then the longest path that fits.
import type { RouteTable, TableRoute } from "@slipstream/contract/ports/edge.ts";
import { http2Address, type TargetPool, type TargetPools } from "../proxy/target-pool.ts";

/** Requests under way of one deployment; the same object over all tables that name it. */
export interface InFlight {
  requests: number;
  /** In all, of all of them. */
  ms: number;
}

export interface Route {
  path: string;
  entry: TableRoute;
  targets: readonly TargetPool[];
  inFlight: InFlight;
}

/** What answers at a host: routes of apps, or the platform's own API. */
export type Site = { kind: "app"; routes: readonly Route[] } | { kind: "platform"; control: TargetPool };

/** The name in a Host field: lower case, without port and trailing dot. */
export const hostName = (host: string): string => {
  const colon = host.charCodeAt(0) === 91 ? host.indexOf(":", host.indexOf("]")) : host.indexOf(":");
  const name = (colon < 0 ? host : host.slice(0, colon)).toLowerCase();
  return name.endsWith(".") ? name.slice(0, -1) : name;
};

/** Whether `target` is `path` itself or below it: "/api" fits "/api", "/api/x" and "/api?x", and not "/apis". */
export const pathFits = (path: string, target: string): boolean => {
  if (path === "/") return true;
  if (!target.startsWith(path)) return false;
  if (target.length === path.length || path.endsWith("/")) return true;
  const next = target.charCodeAt(path.length);
  return next === 47 || next === 63;
};

export const findRoute = (routes: readonly Route[], target: string): Route | undefined => {
  for (const route of routes) if (pathFits(route.path, target)) return route;
  return undefined;
};

const addressesOf = ({ targets, http2 }: TableRoute): string[] => targets.map(({ address }) => (http2 ? http2Address(address) : address));

export interface RouteMapParts {
  pools: TargetPools;
  /** Counters of deployments; those that are missing are added. */
  inFlight: Map<string, InFlight>;
  controlSocket: string;
}

/** A table made ready for requests: a host is looked at when it is first asked for, so that a large table costs nothing to take. */
export class RouteMap {
  readonly table: RouteTable;
  readonly #parts: RouteMapParts;
  readonly #platform: ReadonlySet<string>;
  readonly #sites = new Map<string, Site>();

  constructor(table: RouteTable, parts: RouteMapParts) {
    this.table = table;
    this.#parts = parts;
    this.#platform = new Set(table.platformHosts);
  }

  /** What answers at a host. Platform hosts win over apps: no app can take the name of the API. */
  site(host: string): Site | undefined {
    const known = this.#sites.get(host);
    if (known) return known;
    const site = this.#compile(host);
    if (site) this.#sites.set(host, site);
    return site;
  }

  #compile(host: string): Site | undefined {
    if (this.#platform.has(host)) return { kind: "platform", control: this.#parts.pools.of(this.#parts.controlSocket) };
    const entries = Object.hasOwn(this.table.hosts, host) ? this.table.hosts[host] : undefined;
    return entries && { kind: "app", routes: entries.map((entry) => this.#route(entry)).sort((one, other) => other.path.length - one.path.length) };
  }

  #route(entry: TableRoute): Route {
    const { pools, inFlight } = this.#parts;
    const counter = inFlight.get(entry.deployment) ?? { requests: 0, ms: 0 };
    inFlight.set(entry.deployment, counter);
    return { path: entry.path, entry, inFlight: counter, targets: addressesOf(entry).map((address) => pools.of(address)) };
  }

  /** Every address that a request may be sent to, every workload that may have to be woken for it, and every deployment that may answer it. */
  reachable(): { addresses: Set<string>; sleepers: Set<string>; deployments: Set<string> } {
    const [addresses, sleepers, deployments] = [new Set([this.#parts.controlSocket]), new Set<string>(), new Set<string>()];
    for (const routes of Object.values(this.table.hosts))
      for (const route of routes) {
        const { sleeps, deployment } = route;
        deployments.add(deployment);
        for (const address of addressesOf(route)) addresses.add(address);
        if (sleeps) sleepers.add(sleeps.workload);
      }
    return { addresses, sleepers, deployments };
  }
}
