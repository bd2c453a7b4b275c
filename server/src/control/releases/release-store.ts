// Releases in PostgreSQL.
import type { RouteTarget } from "@slipstream/contract/ports/route-entry.ts";
import { json, type Query } from "#platform/database.ts";
import { type Reviving, reviving, type WorkloadRow } from "../workloads/workload-store.ts";
import type { ParkedRelease, ReleaseRow } from "./release.ts";

const columns = (query: Query) =>
  query`r.id, r.app_id, r.number, r.artifact, r.source, r.commit, r.config, r.env, r.secret_versions, r.deployment, r.created_at, r.live_at`;

export const releaseOf = async (query: Query, id: string): Promise<ReleaseRow | undefined> =>
  (await query<ReleaseRow[]>`select ${columns(query)} from releases r where r.id = ${id}`)[0];

/** A release that was live, by its number. */
export const releaseNumbered = async (query: Query, appId: string, number: number): Promise<ReleaseRow | undefined> =>
  (await query<ReleaseRow[]>`select ${columns(query)} from releases r where r.app_id = ${appId} and r.number = ${number} and r.live_at is not null`)[0];

/** What a rollback is about. */
export interface Revived {
  /** The release that it goes to. */
  release: ReleaseRow | undefined;
  /** The release that serves until now. */
  replaced: ReleaseRow | undefined;
  /** What is still there of the release that it goes to, and runs from here on. */
  parked: Pick<WorkloadRow, "id" | "targets"> | undefined;
}

type RevivedRow = ReleaseRow & { isTarget: boolean; isLive: boolean; workload: string | null; targets: RouteTarget[] | null };

/** Wants what is parked of a release to run, of one workload where that is given; all that a rollback has to know is read with it. */
export const reviveParked = async (query: Query, of: Reviving): Promise<Revived> => {
  const rows = await query<RevivedRow[]>`
    with parked as (${reviving(query, of)})
    select ${columns(query)}, r.number = ${of.release} and r.live_at is not null as is_target, coalesce(d.release_id = r.id, false) as is_live,
      parked.id as workload, parked.targets
    from releases r join apps a on a.id = r.app_id left join deployments d on d.id = a.live_deployment left join parked on parked.release_id = r.id
    where r.app_id = ${of.appId} and (r.number = ${of.release} or d.release_id = r.id)`;
  const release = rows.find(({ isTarget }) => isTarget);
  const { workload, targets } = release ?? {};
  const parked = workload && targets ? { id: workload, targets } : undefined;
  return { release, replaced: rows.find(({ isLive }) => isLive), parked };
};

/** What an app can be rolled back to, and from. */
export interface Rollable {
  liveDeployment: string | null;
  live: ReleaseRow | undefined;
  /** The numbers of all that were live. */
  lived: readonly number[];
  /** Those that something is still there of. */
  parked: readonly ParkedRelease[];
}

type RollableRow = ReleaseRow & { lived: number[]; liveDeployment: string | null; isLive: boolean; workload: string | null; targets: RouteTarget[] | null };

/** Of an app by its name. */
export const rollable = async (query: Query, tenant: string, app: string): Promise<Rollable> => {
  const rows = await query<RollableRow[]>`
    select ${columns(query)}, a.live_deployment, coalesce(d.release_id = r.id, false) as is_live, w.id as workload, w.targets,
      array(select l.number from releases l where l.app_id = a.id and l.live_at is not null)::integer[] as lived
    from apps a left join deployments d on d.id = a.live_deployment
      left join (releases r left join lateral (
        select o.id, o.targets from workloads o where o.release_id = r.id and o.retired_at is not null order by o.id desc limit 1
      ) w on true) on r.app_id = a.id and r.live_at is not null and (w.id is not null or r.id = d.release_id)
    where a.tenant = ${tenant} and a.name = ${app}`;
  const parked = rows.flatMap(({ workload: id, targets, ...row }) => (id && targets ? { ...row, parked: { id, targets } } : []));
  const [{ lived, liveDeployment } = { lived: [], liveDeployment: null }] = rows;
  return { liveDeployment, live: rows.find(({ isLive }) => isLive), lived, parked };
};

/** The release that serves now. */
export const liveRelease = async (query: Query, appId: string): Promise<ReleaseRow | undefined> =>
  (
    await query<ReleaseRow[]>`
      select ${columns(query)} from apps a join deployments d on d.id = a.live_deployment join releases r on r.id = d.release_id where a.id = ${appId}`
  )[0];

export type NewRelease = Pick<ReleaseRow, "id" | "appId" | "artifact" | "source" | "commit" | "config" | "deployment">;

/**
 * Makes a release under the app's next number, of the settings that the app has now, and names it in its deployment. All in one
 * statement: one who comes again finds all of it or nothing.
 */
export const createRelease = async (query: Query, it: NewRelease): Promise<ReleaseRow> => {
  const rows = await query<ReleaseRow[]>`
    with counted as (update apps set last_release = last_release + 1 where id = ${it.appId} returning last_release),
    r as (
      insert into releases (id, app_id, number, artifact, source, commit, config, env, secret_versions, deployment)
      select ${it.id}, ${it.appId}, last_release, ${it.artifact}, ${it.source}, ${it.commit}, ${json(query, it.config)},
        (select coalesce(jsonb_object_agg(name, value), '{}') from env_variables where app_id = ${it.appId}),
        (select coalesce(jsonb_object_agg(name, version), '{}') from secrets where app_id = ${it.appId}), ${it.deployment} from counted
      returning *
    ),
    named as (
      update deployments d set release_id = r.id, release = r.number, artifact = r.artifact, source = r.source, commit = r.commit
      from r where d.id = ${it.deployment}
    )
    select ${columns(query)} from r`;
  const row = rows[0];
  if (!row) throw new Error(`App ${it.appId} is not there.`);
  return row;
};

export interface ListedRelease extends ReleaseRow {
  isLive: boolean;
  isParked: boolean;
}
/** The releases that were live, newest first. */
export const releasesOfApp = (query: Query, appId: string): Promise<ListedRelease[]> =>
  query<ListedRelease[]>`
    select ${columns(query)}, coalesce(d.release_id = r.id, false) as is_live,
      exists (select 1 from workloads w where w.release_id = r.id and w.retired_at is not null) as is_parked
    from releases r join apps a on a.id = r.app_id left join deployments d on d.id = a.live_deployment
    where r.app_id = ${appId} and r.live_at is not null order by r.number desc`;

/** A release that never was live is of no use to anybody once its deployment has ended. */
export const dropUnlived = async (query: Query, deployment: string): Promise<void> => {
  await query`delete from releases where deployment = ${deployment} and live_at is null`;
};
