// The route table as the edge uses it: one look-up by host, then the longest path that fits.
import type { TableApp } from "@slipstream/contract/ports/route-entry.ts";
import type { RouteTable, Touched } from "@slipstream/contract/ports/route-table.ts";
import { http2Address, type TargetPool, type TargetPools } from "../proxy/target-pool.ts";

/** Requests under way of one deployment; the same object for as long as an app is served by it. */
export interface InFlight {
  requests: number;
  /** Apps that are served by it. */
  apps: number;
  /** In all, of all of them. */
  ms: number;
}

export interface Route {
  path: string;
  entry: TableApp;
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

export interface RouteMapParts {
  pools: TargetPools;
  /** Counters of deployments; those that are missing are added. */
  inFlight: Map<string, InFlight>;
  controlSocket: string;
  /** Nobody may have to wake this workload any more. */
  forgetSleeper: (workload: string) => void;
}

/** An app that was asked for, with what it holds. */
interface ServedApp {
  entry: TableApp;
  addresses: readonly string[];
  targets: readonly TargetPool[];
  inFlight: InFlight;
}

/** A table made ready for requests: a host is looked at when it is first asked for, so that a large table costs nothing to take. */
export class RouteMap {
  readonly #parts: RouteMapParts;
  #table: RouteTable;
  #platform: ReadonlySet<string>;
  readonly #apps = new Map<string, ServedApp>();
  /** Apps that have gone, with requests that may still be under way: one that comes back keeps them. */
  readonly #gone = new Set<string>();
  readonly #sites = new Map<string, Site>();

  constructor(table: RouteTable, parts: RouteMapParts) {
    this.#parts = parts;
    this.#table = table;
    this.#platform = new Set(table.platform?.hosts);
  }

  /** A request with it is told which release answers. */
  get proofKey(): string | undefined {
    return this.#table.platform?.proofKey;
  }

  /** What answers at a host. Platform hosts win over apps: no app can take the name of the API. */
  site(host: string): Site | undefined {
    const known = this.#sites.get(host);
    if (known) return known;
    const site = this.#compile(host);
    if (site) this.#sites.set(host, site);
    return site;
  }

  /** The table has changed in place. */
  follow({ apps, hosts, platform }: Touched): void {
    if (platform) this.replace(this.#table);
    else {
      for (const host of hosts) this.#sites.delete(host);
      this.#renew(apps);
    }
  }

  /** Another table takes the place of the one before. */
  replace(table: RouteTable): void {
    this.#table = table;
    this.#platform = new Set(table.platform?.hosts);
    this.#sites.clear();
    this.#renew([...this.#apps.keys(), ...this.#gone]);
  }

  /** What apps need now is taken before what they needed is let go: a target that stays keeps its connections. */
  #renew(ids: Iterable<string>): void {
    const renewed = [...ids].flatMap((id) => {
      const before = this.#apps.get(id);
      this.#apps.delete(id);
      const now = before || this.#gone.has(id) ? this.#served(id) : undefined;
      if (before && !now) this.#gone.add(id);
      return before ? [{ before, now }] : [];
    });
    for (const { before, now } of renewed) this.#letGo(before, now);
    if (!this.#parts.pools.hasRetired) this.#gone.clear();
  }

  #served(id: string): ServedApp | undefined {
    const known = this.#apps.get(id);
    if (known) return known;
    const entry = this.#table.app(id);
    if (!entry) return undefined;
    const { pools, inFlight: counters } = this.#parts;
    const addresses = entry.targets.map(({ address }) => (entry.http2 ? http2Address(address) : address));
    const inFlight = counters.get(entry.deployment) ?? { requests: 0, apps: 0, ms: 0 };
    inFlight.apps += 1;
    counters.set(entry.deployment, inFlight);
    this.#gone.delete(id);
    const served = { entry, addresses, inFlight, targets: addresses.map((address) => pools.take(address)) };
    this.#apps.set(id, served);
    return served;
  }

  #letGo({ entry: { sleeps }, addresses, inFlight }: ServedApp, now: ServedApp | undefined): void {
    for (const address of addresses) this.#parts.pools.letGo(address);
    inFlight.apps -= 1;
    if (sleeps && now?.entry.sleeps?.workload !== sleeps.workload) this.#parts.forgetSleeper(sleeps.workload);
  }

  #compile(host: string): Site | undefined {
    if (this.#platform.has(host)) return { kind: "platform", control: this.#parts.pools.of(this.#parts.controlSocket) };
    const routes = this.#table.appsOf(host).flatMap((id) => this.#routesOf(id, host));
    return routes.length === 0 ? undefined : { kind: "app", routes: routes.sort((one, other) => other.path.length - one.path.length) };
  }

  #routesOf(id: string, host: string): Route[] {
    const served = this.#served(id);
    if (!served) return [];
    const { entry, targets, inFlight } = served;
    return entry.routes.filter((route) => route.host === host).map(({ path }) => ({ path, entry, targets, inFlight }));
  }
}
