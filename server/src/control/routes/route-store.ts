// Routes in PostgreSQL, which counts the table's version up with each change, and notes what it was about (migration 0015).
import { limit } from "@slipstream/contract/limits.ts";
import type { Database, Query } from "#platform/database.ts";
import type { AppRow } from "./route-table.ts";

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

/** The next apps that have routes, after an id. */
export const nextRouted = async (query: Query, after: string, count: number): Promise<string[]> =>
  (await query<{ appId: string }[]>`select distinct app_id from routes where app_id > ${after} order by app_id limit ${count}`).map(({ appId }) => appId);

/** For `from …`: apps with all their routes and targets, of those routes that `which` says. */
const appsOf = (query: Query, which: ReturnType<Query>) => query`
  (select a.id, d.tenant, p.name as project, a.name as app, r.deployment, d.commit, d.release, d.artifact, w.targets, r.places,
    w.id as workload, l.config->'sleep' as sleep, l.config->'scale' as scale, l.config->'run'->>'protocol' as protocol
  from (
    select app_id, max(deployment) as deployment, jsonb_agg(jsonb_build_array(host, path) order by host, path) as places
    from routes where ${which} group by app_id
  ) r join apps a on a.id = r.app_id join projects p on p.id = a.project_id
  join deployments d on d.id = r.deployment join workloads w on w.id = d.workload join releases l on l.id = w.release_id)`;

export const routedApps = (query: Query, ids: readonly string[]): Promise<AppRow[]> =>
  query<AppRow[]>`select * from ${appsOf(query, query`app_id = any(${[...ids]})`)} r order by id`;

export interface Changed {
  version: number;
  /** False where older versions were forgotten, or it is more than was asked for: then the rest says nothing. */
  isKnown: boolean;
  /** Apps by their ids, as they are now; undefined for one that has no routes any more. */
  apps: Map<string, AppRow | undefined>;
  certificates: string[];
}

type ChangedRow = { version: number; completeFrom: number; kind: "app" | "certificate" | null; changed: string } & (AppRow | { id: null });

/** What changed after a version, and the apps of it, of one moment: in one question, since every switch waits for its answer. */
export const changesSince = async (query: Query, from: number, most: number): Promise<Changed> => {
  const rows = await query<ChangedRow[]>`
    select c.*, r.* from (
      select distinct t.version, t.complete_from, c.kind, c.id as changed from route_table t
      left join route_changes c on c.version > ${from} and t.complete_from <= ${from} limit ${most + 1}
    ) c left join lateral ${appsOf(query, query`app_id = c.changed`)} r on c.kind = 'app'`;
  const { version = 0, completeFrom = 0 } = rows[0] ?? {};
  return {
    version,
    isKnown: completeFrom <= from && rows.length <= most,
    apps: new Map(rows.filter(({ kind }) => kind === "app").map((row) => [row.changed, row.id === null ? undefined : row])),
    certificates: rows.filter(({ kind }) => kind === "certificate").map(({ changed }) => changed),
  };
};

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
