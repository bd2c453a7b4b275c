// The route table of the edge as a pure function of rows.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { RouteTable, RouteTarget, TableRoute } from "@slipstream/contract/ports/edge.ts";
import { sleepOf } from "../workloads/workload.ts";

export interface RouteRow {
  host: string;
  path: string;
  tenant: string;
  project: string;
  app: string;
  deployment: string;
  commit: string | null;
  release: number;
  artifact: string;
  /** One without an address is expected back. */
  targets: RouteTarget[];
  workload: string;
  /** Of the release's slip.toml. */
  sleep: AppConfig["sleep"] | null;
  scale: AppConfig["scale"] | null;
  protocol: string | null;
}

export interface TableParts {
  version: number;
  platformHosts: readonly string[];
  rows: readonly RouteRow[];
  certificates: RouteTable["certificates"];
  proofKey: string;
}

const sleepsOf = ({ workload, sleep, scale }: RouteRow): Pick<TableRoute, "sleeps"> => {
  const { afterMs } = sleepOf({ ...(sleep && { sleep }), ...(scale && { scale }) }) ?? {};
  return afterMs === undefined ? {} : { sleeps: { workload, afterMs } };
};

const toRoute = (row: RouteRow): TableRoute => ({
  path: row.path,
  tenant: row.tenant,
  project: row.project,
  app: row.app,
  deployment: row.deployment,
  commit: row.commit ?? "",
  release: row.release,
  artifact: row.artifact,
  targets: row.targets.filter(({ address }) => address !== ""),
  ...(row.protocol === "http2" ? { http2: true } : {}),
  ...sleepsOf(row),
});

export const tableOf = ({ version, platformHosts, rows, certificates, proofKey }: TableParts): RouteTable => {
  const hosts: Record<string, TableRoute[]> = {};
  for (const row of rows) {
    const routes = hosts[row.host] ?? [];
    routes.push(toRoute(row));
    hosts[row.host] = routes;
  }
  for (const routes of Object.values(hosts)) routes.sort((a, b) => b.path.length - a.path.length || (a.path < b.path ? -1 : 1));
  return { version, platformHosts: [...platformHosts], hosts, certificates, proofKey };
};

/** How many of these apps of a tenant have requests that go nowhere yet: their instances are being started. */
export const startingApps = ({ hosts }: Pick<RouteTable, "hosts">, tenant: string, among: ReadonlySet<string>): number => {
  const routes = Object.values(hosts)
    .flat()
    .filter((route) => route.tenant === tenant && among.has(route.app) && route.targets.length === 0);
  return new Set(routes.map(({ project, app }) => `${project}/${app}`)).size;
};

/** The hosts and paths of a release: what slip.toml says, where it names no host for all host names of the app; else all at "/". */
export const routesOf = (
  config: { routes?: readonly { host?: string | undefined; path: string }[] | undefined },
  hosts: readonly string[],
): { host: string; path: string }[] => {
  const asked = config.routes ?? [];
  const general = asked.filter((route) => route.host === undefined).map((route) => route.path);
  const paths = general.length > 0 ? general : ["/"];
  const named = asked.flatMap(({ host, path }) => (host === undefined ? [] : [{ host, path }]));
  const namedHosts = new Set(named.map((route) => route.host));
  const all = [...hosts.filter((host) => !namedHosts.has(host)).flatMap((host) => paths.map((path) => ({ host, path }))), ...named];
  return [...new Map(all.map((route) => [`${route.host} ${route.path}`, route])).values()];
};
