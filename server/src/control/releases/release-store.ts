// Releases in PostgreSQL.
import { json, type Query } from "#platform/database.ts";
import type { ReleaseRow } from "./release.ts";

const columns = (query: Query) =>
  query`r.id, r.app_id, r.number, r.artifact, r.source, r.commit, r.config, r.env, r.secret_versions, r.deployment, r.created_at, r.live_at`;

export const releaseOf = async (query: Query, id: string): Promise<ReleaseRow | undefined> =>
  (await query<ReleaseRow[]>`select ${columns(query)} from releases r where r.id = ${id}`)[0];

/** A release that was live, by its number. */
export const releaseNumbered = async (query: Query, appId: string, number: number): Promise<ReleaseRow | undefined> =>
  (await query<ReleaseRow[]>`select ${columns(query)} from releases r where r.app_id = ${appId} and r.number = ${number} and r.live_at is not null`)[0];

/** The release that serves now. */
export const liveRelease = async (query: Query, appId: string): Promise<ReleaseRow | undefined> =>
  (
    await query<ReleaseRow[]>`
      select ${columns(query)} from apps a join deployments d on d.id = a.live_deployment join releases r on r.id = d.release_id where a.id = ${appId}`
  )[0];

export type NewRelease = Omit<ReleaseRow, "number" | "createdAt" | "liveAt">;

/** Stores a release under the app's next number, and gives the number. */
export const insertRelease = async (query: Query, it: NewRelease): Promise<number> => {
  const rows = await query<{ number: number }[]>`
    with counted as (update apps set last_release = last_release + 1 where id = ${it.appId} returning last_release)
    insert into releases (id, app_id, number, artifact, source, commit, config, env, secret_versions, deployment)
    select ${it.id}, ${it.appId}, last_release, ${it.artifact}, ${it.source}, ${it.commit}, ${json(query, it.config)}, ${json(query, it.env)},
      ${json(query, it.secretVersions)}, ${it.deployment} from counted returning number`;
  const row = rows[0];
  if (!row) throw new Error(`App ${it.appId} is not there.`);
  return row.number;
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

export const markLive = async (query: Query, id: string): Promise<void> => {
  await query`update releases set live_at = now() where id = ${id}`;
};

/** A release that never was live is of no use to anybody once its deployment has ended. */
export const dropUnlived = async (query: Query, deployment: string): Promise<void> => {
  await query`delete from releases where deployment = ${deployment} and live_at is null`;
};
