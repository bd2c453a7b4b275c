// Routes in PostgreSQL, which counts the table's version up with each change, and notes what it was about (migration 0015).
import { limit } from "@slipstream/contract/limits.ts";
import type { Database, Part, Query } from "#platform/database.ts";
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

export const routedApps = (query: Query, ids: readonly string[]): Promise<AppRow[]> => query<AppRow[]>`select * from routed_apps(${[...ids]}) order by id`;

export interface Changed {
  version: number;
  /** False where older versions were forgotten, or it is more than was asked for: then the rest says nothing. */
  isKnown: boolean;
  /** Apps by their ids, as they are now; undefined for one that has no routes any more. */
  apps: Map<string, AppRow | undefined>;
  certificates: string[];
}

/** A row of `route_changes_since`. */
export type ChangedRow = { version: number; completeFrom: number; kind: "app" | "certificate" | null; changed: string } & (AppRow | { id: null });

/** So many changes are sent as such; one more is asked for, to see whether there are more. */
const most = limit("routeChanges");

/** For `from …`: the changes since a version, those of the statement's own transaction too where `hasChanged` says so of what stands before it. */
export const changesWithOwn = (query: Query, hasChanged: Part, from: number) => query`route_changes_with_own(${hasChanged}, ${from}, ${most + 1})`;

export const changedOf = (rows: readonly ChangedRow[], from: number): Changed => {
  const { version = 0, completeFrom = 0 } = rows[0] ?? {};
  return {
    version,
    isKnown: completeFrom <= from && rows.length <= most,
    apps: new Map(rows.filter(({ kind }) => kind === "app").map((row) => [row.changed, row.id === null ? undefined : row])),
    certificates: rows.filter(({ kind }) => kind === "certificate").map(({ changed }) => changed),
  };
};

/** What changed after a version, and the apps of it, of one moment: in one question, since every switch waits for its answer. */
export const changesSince = async (query: Query, from: number): Promise<Changed> =>
  changedOf(await query<ChangedRow[]>`select * from route_changes_since(${from}, ${most + 1})`, from);

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
