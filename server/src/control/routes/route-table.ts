// An entry of the route table as a pure function of its row.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { type Change, packedApp, type RouteTarget, type TableApp } from "@slipstream/contract/ports/route-entry.ts";
import { sleepOf } from "../workloads/workload.ts";

/** An app that has routes. */
export interface AppRow {
  id: string;
  tenant: string;
  project: string;
  app: string;
  deployment: string;
  commit: string | null;
  release: number;
  artifact: string;
  /** One without an address is expected back. */
  targets: RouteTarget[];
  /** Hosts and paths, in their order. */
  places: [host: string, path: string][];
  workload: string;
  /** Of the release's slip.toml. */
  sleep: AppConfig["sleep"] | null;
  scale: AppConfig["scale"] | null;
  protocol: string | null;
}

const sleepsOf = ({ workload, sleep, scale }: AppRow): Pick<TableApp, "sleeps"> => {
  const { afterMs } = sleepOf({ ...(sleep && { sleep }), ...(scale && { scale }) }) ?? {};
  return afterMs === undefined ? {} : { sleeps: { workload, afterMs } };
};

export const entryOf = (row: AppRow): TableApp => ({
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
  routes: row.places.map(([host, path]) => ({ host, path })),
});

/** What an app is now; one without a row has no routes any more. */
export const appChange = (id: string, row: AppRow | undefined): Change => ({ kind: "app", id, value: row ? packedApp(entryOf(row)) : null });

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
