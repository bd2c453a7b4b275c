// The route table as the edge uses it: one look-up by host, then the longest path that fits.
import type { RouteTable, TableRoute } from "@slipstream/contract/ports/edge.ts";
import type { TargetPool, TargetPools } from "../proxy/target-pool.ts";

/** Requests under way of one deployment; the same object over all tables that name it. */
export interface InFlight {
  requests: number;
}

export interface Route {
  path: string;
  entry: TableRoute;
  targets: readonly TargetPool[];
  inFlight: InFlight;
}

/** What answers at a host: routes of apps, or the platform's own API. */
export type Site = { kind: "app"; routes: readonly Route[] } | { kind: "platform"; control: TargetPool };

export interface RouteMap {
  table: RouteTable;
  sites: ReadonlyMap<string, Site>;
}

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
}

const compileRoutes = (entries: readonly TableRoute[], parts: RouteMapParts): Route[] =>
  entries
    .map((entry) => {
      const inFlight = parts.inFlight.get(entry.deployment) ?? { requests: 0 };
      parts.inFlight.set(entry.deployment, inFlight);
      return { path: entry.path, entry, inFlight, targets: entry.targets.map((target) => parts.pools.of(target.address)) };
    })
    .sort((one, other) => other.path.length - one.path.length);

/** Makes the map of a table. Platform hosts win over apps: no app can take the name of the API. */
export const compileRoutesOf = (table: RouteTable, parts: RouteMapParts): RouteMap => {
  const sites = new Map<string, Site>();
  for (const [host, entries] of Object.entries(table.hosts)) sites.set(host.toLowerCase(), { kind: "app", routes: compileRoutes(entries, parts) });
  for (const host of table.platformHosts) sites.set(host, { kind: "platform", control: parts.pools.of(parts.controlSocket) });
  return { table, sites };
};
