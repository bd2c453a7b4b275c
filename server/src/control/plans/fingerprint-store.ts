// The state of an app as plans remember it, in one statement and so of one moment.
import type { Query } from "#platform/database.ts";
import { type AppState, type Fingerprint, fingerprintOf } from "./fingerprint.ts";

const select = (query: Query) => query`
  select a.id, a.name, a.live_deployment, a.last_release, a.instances, a.destroyed_at,
    (select coalesce(jsonb_object_agg(name, md5(value)), '{}') from env_variables where app_id = a.id) as env,
    (select coalesce(jsonb_object_agg(name, version), '{}') from secrets where app_id = a.id) as secrets,
    (select coalesce(jsonb_agg(host), '[]') from domains where app_id = a.id) as domains,
    (select coalesce(jsonb_agg(id), '[]') from deployments where app_id = a.id and state in ('waiting', 'running')) as open_deployments,
    (select coalesce(jsonb_agg(id), '[]') from tasks where app_id = a.id and state = 'open') as open_tasks
  from apps a`;

export const fingerprintOfId = async (query: Query, appId: string): Promise<Fingerprint> =>
  fingerprintOf((await query<AppState[]>`${select(query)} where a.id = ${appId}`)[0]);

export const fingerprintOfName = async (query: Query, tenant: string, name: string): Promise<Fingerprint> =>
  fingerprintOf((await query<AppState[]>`${select(query)} where a.tenant = ${tenant} and a.name = ${name}`)[0]);
