// A deployment becomes live: all that follows from it, in one statement, so that it is one question and one commit.
import type { Phase } from "@slipstream/contract/words.ts";
import { json, type Query } from "#platform/database.ts";
import type { DeploymentRow } from "./deployment.ts";

export interface Live {
  row: Pick<DeploymentRow, "id" | "appId" | "app" | "workload">;
  release: { id: string; number: number };
  phases: readonly Phase[];
}

/**
 * Ends it as live, unless it has ended, or its cancellation was asked for; gives whether it did. Every other workload of the app is
 * retired: now, but after all that were retired before, for which one was last is seen by it, and the clock may have been set back.
 */
export const makeLive = async (query: Query, { row, release, phases }: Live): Promise<boolean> => {
  const { id, appId, app, workload } = row;
  const rows = await query`
    with ended as (
      update deployments set state = 'live', phase = null, phases = ${json(query, phases)}, failure = null, ended_at = now()
      where id = ${id} and state in ('waiting', 'running') and cancel_requested_at is null returning id, app_id, tenant
    ),
    pointed as (update apps a set live_deployment = e.id from ended e where a.id = e.app_id),
    lived as (update releases r set live_at = now() from ended where r.id = ${release.id}),
    last as (select max(retired_at) as at from workloads where app_id = ${appId}),
    retired as (
      update workloads w set retired_at = greatest(now(), last.at + interval '1 ms') from ended e, last
      where w.app_id = e.app_id and w.id <> ${workload ?? id} and w.retired_at is null
    ),
    kept as (update domains d set brought_by = null from ended e where d.brought_by = e.id),
    told as (
      insert into outbox (tenant, topic, subject, payload)
      select tenant, 'deployment.live', id, ${json(query, { app, release: release.number })} from ended
    )
    select id from ended`;
  return rows.length > 0;
};
