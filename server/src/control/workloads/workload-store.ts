// Workloads in PostgreSQL: the desired state of the runtime.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { Workload } from "@slipstream/contract/ports/host.ts";
import type { RouteTarget } from "@slipstream/contract/ports/route-entry.ts";
import { json, type Part, type Query } from "#platform/database.ts";

export interface WorkloadRow {
  id: string;
  appId: string;
  releaseId: string;
  desire: "running" | "parked";
  instances: number;
  targets: RouteTarget[];
  retiredAt: Date | null;
}
const columns = (query: Query) => query`w.id, w.app_id, w.release_id, w.desire, w.instances, w.targets, w.retired_at`;

/** Notes that a workload should be there; what is noted already stays as it is. */
export const wantWorkload = async (query: Query, it: { id: string; appId: string; releaseId: string; instances: number }): Promise<void> => {
  await query`
    insert into workloads (id, app_id, release_id, desire, instances) values (${it.id}, ${it.appId}, ${it.releaseId}, 'running', ${it.instances})
    on conflict (id) do nothing`;
};

export const workloadsWith = (query: Query, ids: readonly string[]): Promise<WorkloadRow[]> =>
  query<WorkloadRow[]>`select ${columns(query)} from workloads w where w.id = any(${[...ids]})`;

/** The next ones by their ids. */
export const nextWorkloads = (query: Query, after: string, count: number): Promise<WorkloadRow[]> =>
  query<WorkloadRow[]>`select ${columns(query)} from workloads w where w.id > ${after} order by w.id limit ${count}`;

export const workloadsOfApp = (query: Query, appId: string): Promise<WorkloadRow[]> =>
  query<WorkloadRow[]>`select ${columns(query)} from workloads w where w.app_id = ${appId} order by w.id desc`;

export interface Reviving {
  appId: string;
  release: number;
  /** The workload, where one was chosen before. */
  id: string | null;
}

/** For `with … as`: wants the instances to run that are still there of a release that serves no more: those of one workload, or the newest. */
export const reviving = (query: Query, of: Reviving, only: Part = query``) => query`
  update workloads w set desire = 'running' where (${of.id}::text is null or w.id = ${of.id}) and w.id = (
    select o.id from workloads o join releases r on r.id = o.release_id
    where o.app_id = ${of.appId} and r.number = ${of.release} and o.retired_at is not null order by o.id desc limit 1) ${only}
  returning w.id, w.targets, w.release_id`;

/** Where requests can go: the first `count` instances, in the order that the host gives. */
export const targetsOf = (workload: Pick<Workload, "instances">, count = workload.instances.length): RouteTarget[] =>
  workload.instances.slice(0, count).map(({ instance, address }) => ({ instance, address }));

export const saveTargets = async (query: Query, id: string, targets: readonly RouteTarget[]): Promise<void> => {
  await query`update workloads set targets = ${json(query, targets)} where id = ${id}`;
};

/** Changes targets that are still those that were read. Gives whether they were. */
export const moveTargets = async (query: Query, id: string, { from, to }: { from: readonly RouteTarget[]; to: readonly RouteTarget[] }): Promise<boolean> =>
  (await query`update workloads set targets = ${json(query, to)} where id = ${id} and targets = ${json(query, from)} returning id`).length > 0;

export const setInstances = async (query: Query, id: string, instances: number): Promise<void> => {
  await query`update workloads set instances = ${instances} where id = ${id}`;
};

/** For `with … as`: it serves, again when it was parked. No row where it is not there, or has no place where requests could go. */
export const serving = (query: Query, id: string) => query`
  update workloads set desire = 'running', retired_at = null where id = ${id} and jsonb_array_length(targets) > 0 returning id`;

export const retireWorkload = async (query: Query, id: string): Promise<void> => {
  await query`update workloads set retired_at = coalesce(retired_at, now()) where id = ${id}`;
};

export const setDesire = async (query: Query, id: string, desire: "running" | "parked"): Promise<void> => {
  await query`update workloads set desire = ${desire} where id = ${id}`;
};

export const isAnyParked = async (query: Query): Promise<boolean> => (await query`select 1 from workloads where desire = 'parked' limit 1`).length > 0;

export const dropWorkload = async (query: Query, id: string): Promise<void> => {
  await query`delete from workloads where id = ${id}`;
};

/** What the host needs to run a workload. */
export interface DesiredRow extends WorkloadRow {
  tenant: string;
  project: string;
  app: string;
  number: number;
  artifact: string;
  commit: string | null;
  config: AppConfig;
  env: Record<string, string>;
  secretVersions: Record<string, number>;
  /** The grant with which it was asked for. */
  account: string | null;
  /** The grant with which its code was asked to be built. */
  codeBy: string | null;
}

const codeBy = (query: Query, of: { appId: Part; artifact: Part }) => query`
  (select b.grant_id from deployments b where b.app_id = ${of.appId} and b.artifact = ${of.artifact} and b.kind = 'deploy' and b.grant_id is not null order by b.id limit 1)`;

/** The grant with which an artifact was asked to be built, of those that have built the same the first; null where a person has. */
export const builtBy = async (query: Query, { appId, artifact }: { appId: string; artifact: string }): Promise<string | null> =>
  (await query<{ codeBy: string | null }[]>`select ${codeBy(query, { appId: query`${appId}`, artifact: query`${artifact}` })} as code_by`)[0]?.codeBy ?? null;

/** Of these ids, those that are desired. */
export const desiredWorkloads = (query: Query, ids: readonly string[]): Promise<DesiredRow[]> =>
  query<DesiredRow[]>`
    select ${columns(query)}, a.tenant, p.name as project, a.name as app, r.number, r.artifact, r.commit, r.config, r.env, r.secret_versions, d.grant_id as account,
      ${codeBy(query, { appId: query`w.app_id`, artifact: query`r.artifact` })} as code_by
    from workloads w left join deployments d on d.id = w.id join releases r on r.id = w.release_id join apps a on a.id = w.app_id join projects p on p.id = a.project_id
    where w.id = any(${[...ids]}) order by w.id`;

/** The live deployment of an app, with the workload that serves it. */
export interface LiveWorkload {
  appId: string;
  tenant: string;
  project: string;
  app: string;
  workload: string;
  deployment: string;
  commit: string | null;
}

/** For `select … from …`, with `l` the release; an app that was destroyed has nothing that is live. */
export const liveWorkloads = (query: Query) => ({
  columns: query`a.id as app_id, a.tenant, p.name as project, a.name as app, w.id as workload, d.id as deployment, d.commit`,
  tables: query`releases l join workloads w on w.release_id = l.id and w.retired_at is null join deployments d on d.workload = w.id
    join apps a on a.live_deployment = d.id join projects p on p.id = a.project_id`,
});
