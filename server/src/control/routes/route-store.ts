// Routes in PostgreSQL, which counts the table's version up with each change, and notes what it was about (migration 0015).
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Database, Query } from "#platform/database.ts";
import type { AppRow } from "./route-table.ts";

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
  const [, rows] = await Promise.all([removed, inserted]);
  if (rows.length !== routes.length) throw new SlipError("conflict", "Another app serves one of the routes already.");
};

export const removeRoutes = async (query: Query, appId: string): Promise<void> => {
  await query`delete from routes where app_id = ${appId}`;
};

export const removeHostRoutes = async (query: Query, appId: string, host: string): Promise<void> => {
  await query`delete from routes where app_id = ${appId} and host = ${host}`;
};

/** Makes every edge, and the disk, take the whole table anew, whatever they have. */
export const renewTable = async (query: Query): Promise<void> => {
  await query`update route_table set version = version + 1, complete_from = version + 1`;
};

/** Forgets what older versions have changed: whoever has none of the last `kept` is sent the whole table. */
export const trimChanges = async (query: Query, kept = limit("routeVersions")): Promise<void> => {
  await query`
    with trimmed as (update route_table set complete_from = greatest(complete_from, version - ${kept}) returning complete_from)
    delete from route_changes c using trimmed t where c.version <= t.complete_from`;
};

export const tableVersion = async (query: Query): Promise<number> => (await query<{ version: number }[]>`select version from route_table`)[0]?.version ?? 0;

/** Statements that see one moment. */
export const atOneMoment = <T>(database: Database, read: (query: Query) => Promise<T>): Promise<T> =>
  database.begin(async (query): Promise<T> => {
    await query`set transaction isolation level repeatable read, read only`;
    return read(query);
  }) as Promise<T>;

/** What changed after a version, as far as it is still known; at most `most` of it and one more. */
export const changesSince = async (
  query: Query,
  from: number,
  most: number,
): Promise<{ version: number; isKnown: boolean; apps: string[]; certificates: string[] }> => {
  const rows = await query<{ version: number; completeFrom: number; kind: "app" | "certificate" | null; id: string }[]>`
    select distinct t.version, t.complete_from, c.kind, c.id from route_table t
    left join route_changes c on c.version > ${from} and t.complete_from <= ${from} limit ${most + 1}`;
  const { version = 0, completeFrom = 0 } = rows[0] ?? {};
  const of = (kind: "app" | "certificate"): string[] => rows.filter((row) => row.kind === kind).map(({ id }) => id);
  return { version, isKnown: completeFrom <= from && rows.length <= most, apps: of("app"), certificates: of("certificate") };
};

/** The next apps that have routes, after an id. */
export const nextRouted = async (query: Query, after: string, count: number): Promise<string[]> =>
  (await query<{ appId: string }[]>`select distinct app_id from routes where app_id > ${after} order by app_id limit ${count}`).map(({ appId }) => appId);

/** Apps with all their routes and targets. */
export const routedApps = (query: Query, ids: readonly string[]): Promise<AppRow[]> =>
  query<AppRow[]>`
    select a.id, d.tenant, p.name as project, a.name as app, r.deployment, d.commit, d.release, d.artifact, w.targets, r.places,
      w.id as workload, l.config->'sleep' as sleep, l.config->'scale' as scale, l.config->'run'->>'protocol' as protocol
    from (
      select app_id, max(deployment) as deployment, jsonb_agg(jsonb_build_array(host, path) order by host, path) as places
      from routes where app_id = any(${[...ids]}) group by app_id
    ) r join apps a on a.id = r.app_id join projects p on p.id = a.project_id
    join deployments d on d.id = r.deployment join workloads w on w.id = d.workload join releases l on l.id = w.release_id order by a.id`;

/** How many of these apps of a tenant have requests that go nowhere yet: their instances are being started. */
export const startingApps = async (query: Query, tenant: string, among: readonly string[]): Promise<number> => {
  const [row] = await query<{ count: number }[]>`
    select count(distinct a.id)::int as count from routes r join apps a on a.id = r.app_id
    join deployments d on d.id = r.deployment join workloads w on w.id = d.workload
    where a.tenant = ${tenant} and a.name = any(${[...among]}) and not jsonb_path_exists(w.targets, '$[*] ? (@.address != "")')`;
  return row?.count ?? 0;
};

export const routedTo = async (query: Query, deployment: string): Promise<boolean> =>
  (await query`select 1 from routes where deployment = ${deployment} limit 1`).length > 0;

/** The deployment that the routes of an app point to now. */
export const routedDeployment = async (query: Query, appId: string): Promise<string | undefined> =>
  (await query<{ deployment: string }[]>`select deployment from routes where app_id = ${appId} limit 1`)[0]?.deployment;
