// What PostgreSQL says there should be, and where its rows contradict one another.
import type { Query } from "#platform/database.ts";

export interface WorkloadEntry {
  id: string;
  app: string;
  desire: "running" | "parked";
  instances: number;
  /** Instances that requests go to; none while it is being started. */
  targets: number;
  /** Something of its app is under way. */
  open: boolean;
}

export interface Books {
  workloads: WorkloadEntry[];
  /** Artifacts of the kept releases. */
  artifacts: { tenant: string; artifact: string; app: string; release: number }[];
  /** Deployments that are live by their app, but not by themselves, or without a release or a workload. */
  halfLive: { deployment: string; app: string; why: string }[];
  /** Releases of deployments that have ended without becoming live. */
  unlived: { release: string; app: string; deployment: string }[];
  /** Routes to another deployment than the live one. */
  strayRoutes: { host: string; path: string; app: string; appId: string; live: string | null; deployment: string }[];
  /** Live apps without a route. */
  unrouted: { app: string; appId: string; live: string | null; deployment: string }[];
  /** Host names that came with a deployment which has ended without becoming live. */
  strayDomains: { host: string; app: string; deployment: string }[];
  /** Workloads that serve nobody, and that nobody has retired; of a destroyed app all of them. */
  strayWorkloads: { id: string; app: string; destroyed: boolean }[];
  /** Destroyed apps that cannot be restored as they are told: the release that was live is not kept. */
  unrestorable: { app: string; release: number | null }[];
}

/** Apps of which something is under way: what it changes is not judged. */
const busy = (query: Query) => query`
  (select app_id from deployments where state in ('waiting', 'running') union select app_id from tasks where state = 'open')`;

const halfLive = (query: Query) => query<Books["halfLive"]>`
  select a.live_deployment as deployment, a.name as app,
    case when d.id is null then 'there is no such deployment' when d.state <> 'live' then 'it is ' || d.state
      when r.id is null then 'it has no release' when r.live_at is null then 'its release was never live' else 'it has no workload' end as why
  from apps a left join deployments d on d.id = a.live_deployment left join releases r on r.id = d.release_id left join workloads w on w.id = d.workload
  where a.live_deployment is not null and (d.state is distinct from 'live' or r.live_at is null or w.id is null) and a.id not in ${busy(query)}`;

const unlived = (query: Query) => query<Books["unlived"]>`
  select r.id as release, a.name as app, r.deployment from releases r join apps a on a.id = r.app_id left join deployments d on d.id = r.deployment
  where r.live_at is null and coalesce(d.state, 'failed') not in ('waiting', 'running')`;

const strayRoutes = (query: Query) => query<Books["strayRoutes"]>`
  select r.host, r.path, a.name as app, a.id as app_id, a.live_deployment as live, r.deployment from routes r join apps a on a.id = r.app_id
  where r.deployment is distinct from a.live_deployment and a.id not in ${busy(query)}`;

const unrouted = (query: Query) => query<Books["unrouted"]>`
  select a.name as app, a.id as app_id, a.live_deployment as live, a.live_deployment as deployment from apps a
  where a.live_deployment is not null and not exists (select 1 from routes r where r.app_id = a.id) and a.id not in ${busy(query)}`;

const strayDomains = (query: Query) => query<Books["strayDomains"]>`
  select m.host, a.name as app, d.id as deployment from domains m join apps a on a.id = m.app_id join deployments d on d.id = m.brought_by
  where d.state in ('failed', 'cancelled')`;

const strayWorkloads = (query: Query) => query<Books["strayWorkloads"]>`
  select w.id, a.name as app, a.destroyed_at is not null as destroyed from workloads w join apps a on a.id = w.app_id
    left join deployments d on d.id = a.live_deployment
  where (w.retired_at is null or a.destroyed_at is not null) and w.id is distinct from d.workload and a.id not in ${busy(query)}`;

const unrestorable = (query: Query) => query<Books["unrestorable"]>`
  select a.name as app, d.release from apps a left join deployments d on d.id = a.live_before left join releases r on r.id = d.release_id
  where a.live_before is not null and (a.destroyed_at is null or r.live_at is null) and a.id not in ${busy(query)}`;

const workloads = (query: Query) => query<WorkloadEntry[]>`
  select w.id, a.name as app, w.desire, w.instances, jsonb_array_length(w.targets) as targets, a.id in ${busy(query)} as open
  from workloads w join apps a on a.id = w.app_id order by w.id`;

const artifacts = (query: Query) => query<Books["artifacts"]>`
  select a.tenant, r.artifact, a.name as app, r.number as release from releases r join apps a on a.id = r.app_id where r.live_at is not null`;

export const readBooks = async (query: Query): Promise<Books> => ({
  workloads: await workloads(query),
  artifacts: await artifacts(query),
  halfLive: await halfLive(query),
  unlived: await unlived(query),
  strayRoutes: await strayRoutes(query),
  unrouted: await unrouted(query),
  strayDomains: await strayDomains(query),
  strayWorkloads: await strayWorkloads(query),
  unrestorable: await unrestorable(query),
});
