// A deployment serves, and becomes live: all that follows from each, in one statement, so that it is one question and one commit.
import type { Deployment, Phase, Topic } from "@slipstream/contract/words.ts";
import { iso, json, type Part, type Query } from "#platform/database.ts";
import type { PointedRow } from "../routes/pointing.ts";
import { type ChangedRow, changesWithOwn } from "../routes/route-store.ts";
import { serving } from "../workloads/workload-store.ts";
import type { DeploymentRow } from "./deployment.ts";
import { type Facts, savingFacts } from "./deployment-store.ts";

export interface Live {
  row: Pick<DeploymentRow, "id" | "appId" | "app" | "workload">;
  release: { id: string; number: number };
  phases: readonly Phase[];
  /** What is told of it, but for the time of its end, and the address of a host name, which stands there as `{host}`. */
  told: { deployment: Omit<Deployment, "endedAt">; hostUrl: string };
}

const topicsOf = ({ kind }: Live["told"]["deployment"]): Topic[] => ["deployment.live", ...(kind === "rollback" ? ["release.rolled_back" as const] : [])];

/**
 * Ends it as live, unless it has ended, or its cancellation was asked for; gives whether it did. Every other workload of the app is
 * retired: now, but after all that were retired before, for which one was last is seen by it, and the clock may have been set back.
 */
export const makeLive = async (query: Query, { row, release, phases, told }: Live): Promise<boolean> => {
  const { id, appId, app, workload } = row;
  const rows = await query`
    with ended as (
      update deployments set state = 'live', phase = null, phases = ${json(query, phases)}, failure = null, ended_at = now()
      where id = ${id} and state in ('waiting', 'running') and cancel_requested_at is null returning id, app_id, tenant, ended_at
    ),
    pointed as (update apps a set live_deployment = e.id, destroyed_at = null, live_before = null from ended e where a.id = e.app_id),
    lived as (update releases r set live_at = now() from ended where r.id = ${release.id}),
    last as (select max(retired_at) as at from workloads where app_id = ${appId}),
    retired as (
      update workloads w set retired_at = greatest(now(), last.at + interval '1 ms') from ended e, last
      where w.app_id = e.app_id and w.id <> ${workload ?? id} and w.retired_at is null
    ),
    kept as (update domains d set brought_by = null from ended e where d.brought_by = e.id returning d.tenant, d.host, d.created_at),
    told as (
      insert into outbox (tenant, topic, subject, payload)
      select tenant, unnest(${topicsOf(told.deployment)}::text[]), id, ${json(query, told.deployment)} || jsonb_build_object('endedAt', ${iso(query, "ended_at")}) from ended
      union all
      select tenant, 'domain.added', host, jsonb_build_object('domain', host, 'app', ${app}::text, 'url', replace(${told.hostUrl}::text, '{host}', host),
        'createdAt', ${iso(query, "created_at")}) from kept
    )
    select id from ended`;
  return rows.length > 0;
};

export interface Serving {
  id: string;
  workload: string;
  facts: Facts;
  /** The version of the route table that edges have. */
  from: number;
}

/**
 * Around `point`, which points its routes: it serves from a workload, and what was found out of it is written down; gives what the route table
 * has changed since `from`. Gives no row, and points nothing, where that workload is not there.
 */
export const served = (query: Query, { id, workload, facts, from }: Serving, point: Part) =>
  query<(PointedRow & ChangedRow)[]>`
    with serving as (${serving(query, workload)}), known as (${savingFacts(query, id, facts)}),
    pointed as materialized (select ${point} as there from serving, known)
    select p.there, c.* from pointed p left join lateral ${changesWithOwn(query, query`p.there is null`, from)} c on true`;
