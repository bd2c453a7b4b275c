// Deployments in PostgreSQL. A deployment that has ended never changes again: every update is guarded by its state.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { DeploymentKind, DeploymentState, FailureReport, Phase } from "@slipstream/contract/words.ts";
import { json, type Part, type Query } from "#platform/database.ts";
import { reviving } from "../workloads/workload-store.ts";
import type { ChangedSettings, DeploymentRequest, DeploymentRow } from "./deployment.ts";

const columns = (query: Query) => query`
  d.id, d.app_id, d.tenant, d.kind, d.state, d.phase, d.phases, d.request, d.config, d.source, d.commit, d.artifact, d.release_id, d.release,
  d.workload, d.grant_id, d.cancel_requested_at, d.failure, d.notes, d.created_at, d.started_at, d.ended_at, a.name as app, p.name as project, a.live_deployment`;
const tables = (query: Query) => query`deployments d join apps a on a.id = d.app_id join projects p on p.id = a.project_id`;

/** Without a tenant: for the workflow, which was given the id by us. */
export const deploymentOf = async (query: Query, id: string): Promise<DeploymentRow | undefined> =>
  (await query<DeploymentRow[]>`select ${columns(query)} from ${tables(query)} where d.id = ${id}`)[0];

export const deploymentIn = async (query: Query, tenant: string, id: string): Promise<DeploymentRow | undefined> =>
  (await query<DeploymentRow[]>`select ${columns(query)} from ${tables(query)} where d.id = ${id} and d.tenant = ${tenant}`)[0];

export const deploymentWithKey = async (query: Query, tenant: string, key: string): Promise<DeploymentRow | undefined> =>
  (await query<DeploymentRow[]>`select ${columns(query)} from ${tables(query)} where d.tenant = ${tenant} and d.idempotency_key = ${key}`)[0];

/** Newest first; `before` is the id of the one that they follow. */
export const deploymentsOfApp = (query: Query, appId: string, { limit, before }: { limit: number; before?: string | undefined }): Promise<DeploymentRow[]> =>
  query<DeploymentRow[]>`
    select ${columns(query)} from ${tables(query)}
    where d.app_id = ${appId} ${before === undefined ? query`` : query`and d.id < ${before}`} order by d.id desc limit ${limit}`;

export interface OpenDeployment {
  id: string;
  appId: string;
  kind: DeploymentKind;
  createdAt: Date;
}
export const openDeployments = (query: Query): Promise<OpenDeployment[]> =>
  query<OpenDeployment[]>`select id, app_id, kind, created_at from deployments where state in ('waiting', 'running') order by id`;

/** The app that a git source went to last time, where nobody named one. */
export const appOfOrigin = async (
  query: Query,
  tenant: string,
  { url, subfolder = "" }: { url: string; subfolder?: string | undefined },
): Promise<string | undefined> =>
  (
    await query<{ name: string }[]>`
      select a.name from deployments d join apps a on a.id = d.app_id
      where d.tenant = ${tenant} and (d.request->>'isSuggested')::boolean and d.request->'source'->>'url' = ${url}
        and coalesce(d.request->'source'->>'subfolder', '') = ${subfolder} order by d.id desc limit 1`
  )[0]?.name;

export interface NewDeployment {
  id: string;
  appId: string;
  tenant: string;
  kind: DeploymentKind;
  request: DeploymentRequest;
  source?: string | undefined;
  commit?: string | undefined;
  config?: AppConfig | undefined;
  idempotencyKey: string | undefined;
  grantId: string | null;
}
/** `as` says its state, since when it runs, and with what workload. No row when there is one with this idempotency key already. */
const inserting = (query: Query, it: NewDeployment, as: Part) => query`
  insert into deployments (id, app_id, tenant, kind, phase, request, source, commit, config, idempotency_key, grant_id, state, started_at, workload)
  select ${it.id}, ${it.appId}, ${it.tenant}, ${it.kind}, 'queue', ${json(query, it.request)}, ${it.source ?? null}, ${it.commit ?? null},
    ${it.config === undefined ? null : json(query, it.config)}, ${it.idempotencyKey ?? null}, ${it.grantId}, ${as}
  on conflict (tenant, idempotency_key) do nothing returning *`;

/** False when there is one with this idempotency key already. */
export const insertDeployment = async (query: Query, it: NewDeployment): Promise<boolean> =>
  (await inserting(query, it, query`'waiting', null, null`)).length > 0;

/**
 * One of an app that nothing is under way of, neither a deployment nor a task: it begins at once, and a rollback has what is parked wanted to
 * run. `parts` are of the same statement, made from the row `d`, with its app `a` and project `p`. Undefined, and nothing done, where it is not
 * alone, or is there already.
 */
export const insertAlone = async (query: Query, it: NewDeployment, parts: (from: Part) => readonly Part[]): Promise<DeploymentRow | undefined> => {
  const from = () => query`from d join a on a.id = d.app_id join projects p on p.id = a.project_id`;
  const more = parts(from()).reduce((all, part) => query`${all}, ${part}`, query``);
  const parked = reviving(query, { appId: it.appId, release: it.request.to ?? 0, id: null }, query`and exists (select from a)`);
  return (
    await query<DeploymentRow[]>`
      with a as materialized (select * from idle_app(${it.appId})), parked as (${parked}),
      d as (${inserting(query, it, query`'running', now(), (select id from parked) from a`)}) ${more}
      select ${columns(query)} ${from()}`
  )[0];
};

export interface Superseded {
  id: string;
  request: DeploymentRequest;
}
/** Ends the waiting deployments of these kinds, and gives them. */
export const supersedeWaiting = async (
  query: Query,
  of: { appId: string; except: string; kinds: readonly string[]; failure: FailureReport },
): Promise<Superseded[]> =>
  query<Superseded[]>`
    update deployments set state = 'cancelled', phase = null, failure = ${json(query, of.failure)}, ended_at = now()
    where app_id = ${of.appId} and id <> ${of.except} and state = 'waiting' and kind = any(${[...of.kinds]}) returning id, request`;

/** What changed with those whose place it takes goes back with it. */
export const saveSettings = async (query: Query, id: string, settings: ChangedSettings): Promise<void> => {
  await query`update deployments set request = request || ${json(query, { settings })} where id = ${id}`;
};

/** Waiting becomes running, and running stays so: a retry goes on. Gives the deployment; undefined when it has ended meanwhile. */
export const beginDeployment = async (query: Query, id: string): Promise<DeploymentRow | undefined> =>
  (
    await query<DeploymentRow[]>`
      with begun as (
        update deployments set state = 'running', started_at = coalesce(started_at, now()) where id = ${id} and state in ('waiting', 'running') returning id
      )
      select ${columns(query)} from ${tables(query)} where d.id = (select id from begun)`
  )[0];

/** Begins one of an app of which nothing else has not ended, neither a deployment nor a task. Gives whether it did. */
export const beginIfAlone = async (query: Query, { id, appId }: { id: string; appId: string }): Promise<boolean> => {
  const rows = await query`
    update deployments set state = 'running', started_at = now() where id = ${id}
      and not exists (select 1 from deployments d where d.app_id = ${appId} and d.id <> ${id} and d.state in ('waiting', 'running'))
      and not exists (select 1 from tasks t where t.app_id = ${appId} and t.state = 'open') returning id`;
  return rows.length > 0;
};

/** What was found out on the way; `null` leaves a field as it is. */
export interface Facts {
  source?: string;
  commit?: string;
  config?: unknown;
  artifact?: string;
  releaseId?: string;
  release?: number;
  workload?: string;
  notes?: readonly string[];
}
export const saveFacts = async (query: Query, id: string, facts: Facts): Promise<void> => {
  await savingFacts(query, id, facts);
};

/** For `with … as` too. */
export const savingFacts = (query: Query, id: string, facts: Facts) => {
  const config = facts.config === undefined ? null : json(query, facts.config);
  const notes = facts.notes === undefined ? null : json(query, facts.notes);
  return query`
    update deployments set source = coalesce(${facts.source ?? null}, source), commit = coalesce(${facts.commit ?? null}, commit),
      config = coalesce(${config}, config), artifact = coalesce(${facts.artifact ?? null}, artifact),
      release_id = coalesce(${facts.releaseId ?? null}, release_id), release = coalesce(${facts.release ?? null}, release),
      workload = coalesce(${facts.workload ?? null}, workload), notes = coalesce(${notes}, notes)
    where id = ${id} returning id`;
};

/** The instances are to be started again: where they are was lost. What the host has of them is joined. */
export const forgetWorkload = async (query: Query, id: string): Promise<void> => {
  await query`update deployments set workload = null where id = ${id} and state = 'running'`;
};

export const saveProgress = async (query: Query, id: string, phase: string | null, phases: readonly Phase[]): Promise<void> => {
  await query`update deployments set phase = ${phase}, phases = ${json(query, phases)} where id = ${id} and state = 'running'`;
};

/** Whether it is there, and on the disk with all that was written before: the commit of a change waits for that, where the pool is a durable one. */
export const isKept = async (query: Query, id: string): Promise<boolean> =>
  (await query`update deployments set state = state where id = ${id} returning id`).length > 0;

export interface Ending {
  state: Exclude<DeploymentState, "waiting" | "running" | "live">;
  phases: readonly Phase[];
  failure?: FailureReport | undefined;
}
/** Ends it without having become live (`makeLive` is for that). False when it had ended before. */
export const endDeployment = async (query: Query, id: string, ending: Ending): Promise<boolean> => {
  const failure = ending.failure === undefined ? null : json(query, ending.failure);
  const rows = await query`
    update deployments set state = ${ending.state}, phase = null, phases = ${json(query, ending.phases)}, failure = ${failure}, ended_at = now()
    where id = ${id} and state in ('waiting', 'running') returning id`;
  return rows.length > 0;
};

/** Notes that it is to be cancelled; one that waits ends at once. Gives its state afterwards. */
export const requestCancel = async (query: Query, id: string, failure: FailureReport): Promise<DeploymentState | undefined> => {
  const rows = await query<{ state: DeploymentState }[]>`
    update deployments set cancel_requested_at = coalesce(cancel_requested_at, now()),
      failure = case when state = 'waiting' then ${json(query, failure)} else failure end,
      ended_at = case when state = 'waiting' then now() else ended_at end,
      phase = case when state = 'waiting' then null else phase end,
      state = case when state = 'waiting' then 'cancelled' else state end
    where id = ${id} and state in ('waiting', 'running') returning state`;
  return rows[0]?.state;
};

export const openOfApp = async (query: Query, appId: string): Promise<string[]> =>
  (await query<{ id: string }[]>`select id from deployments where app_id = ${appId} and state in ('waiting', 'running')`).map((row) => row.id);

/** Live deployments of an app, oldest first, as the history that rollback reads. */
export const liveHistory = (query: Query, tenant: string, app: string): Promise<{ kind: DeploymentKind; release: number }[]> =>
  query<{ kind: DeploymentKind; release: number }[]>`
    select d.kind, d.release from deployments d join apps a on a.id = d.app_id
    where a.tenant = ${tenant} and a.name = ${app} and d.state = 'live' and d.release is not null order by d.id`;
