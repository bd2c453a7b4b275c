// Routes in PostgreSQL. Each change counts the table's version up in the same transaction.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Query } from "#platform/database.ts";
import type { RouteRow } from "./route-table.ts";

/** Makes the routes of an app exactly these, to one deployment. Throws `conflict` when another app serves one of them. */
export const replaceRoutes = async (
  query: Query,
  of: { appId: string; deployment: string; routes: readonly { host: string; path: string }[] },
): Promise<void> => {
  const { appId, deployment, routes } = of;
  const removed = query`delete from routes where app_id = ${appId}`.execute();
  const inserted = query`
    insert into routes (host, path, app_id, deployment)
    select *, ${appId}, ${deployment} from unnest(${routes.map((route) => route.host)}::text[], ${routes.map((route) => route.path)}::text[])
    on conflict do nothing returning host`.execute();
  // Sent without waiting for one another, done in this order.
  const [, rows] = await Promise.all([removed, inserted, countUp(query)]);
  if (rows.length !== routes.length) throw new SlipError("conflict", "Another app serves one of the routes already.");
};

export const removeRoutes = async (query: Query, appId: string): Promise<void> => {
  await query`delete from routes where app_id = ${appId}`;
  await countUp(query);
};

export const removeHostRoutes = async (query: Query, appId: string, host: string): Promise<void> => {
  await query`delete from routes where app_id = ${appId} and host = ${host}`;
  await countUp(query);
};

/** Tells that the table differs though the routes do not: other targets, other certificates. */
export const countUp = async (query: Query): Promise<void> => {
  await query`update route_table set version = version + 1`;
};

export const tableVersion = async (query: Query): Promise<number> => (await query<{ version: number }[]>`select version from route_table`)[0]?.version ?? 0;

/** The version and every route with its targets, of one moment. */
export const readRoutes = async (query: Query): Promise<{ version: number; rows: RouteRow[] }> => {
  const rows = await query<(RouteRow & { version: number })[]>`
    select t.version, r.host, r.path, d.tenant, p.name as project, a.name as app, r.deployment, d.commit, d.release, d.artifact, w.targets,
      w.id as workload, l.config->'sleep' as sleep, l.config->'scale' as scale, l.config->'run'->>'protocol' as protocol
    from route_table t left join (
      routes r join apps a on a.id = r.app_id join projects p on p.id = a.project_id
      join deployments d on d.id = r.deployment join workloads w on w.id = d.workload join releases l on l.id = w.release_id
    ) on true order by r.host, r.path`;
  const version = rows[0]?.version ?? 0;
  return { version, rows: rows.filter((row) => row.host !== null) };
};

export const routedTo = async (query: Query, deployment: string): Promise<boolean> =>
  (await query`select 1 from routes where deployment = ${deployment} limit 1`).length > 0;

/** The deployment that the routes of an app point to now. */
export const routedDeployment = async (query: Query, appId: string): Promise<string | undefined> =>
  (await query<{ deployment: string }[]>`select deployment from routes where app_id = ${appId} limit 1`)[0]?.deployment;
