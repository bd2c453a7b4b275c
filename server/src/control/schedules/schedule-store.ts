// Functions with a schedule, and who calls them when, as PostgreSQL has them.
import type { Query } from "#platform/database.ts";

export interface ScheduledRow {
  appId: string;
  tenant: string;
  project: string;
  app: string;
  workload: string;
  /** The deployment that is live. */
  deployment: string;
  commit: string | null;
  liveAt: Date;
  schedule: string[];
}

/** Those that are live; an app that was destroyed has nothing that is. */
export const scheduledFunctions = (query: Query): Promise<ScheduledRow[]> =>
  query<ScheduledRow[]>`
    select a.id as app_id, a.tenant, p.name as project, a.name as app, w.id as workload, d.id as deployment, d.commit, l.live_at,
        l.config -> 'function' -> 'schedule' as schedule
      from releases l join workloads w on w.release_id = l.id join deployments d on d.workload = w.id
      join apps a on a.live_deployment = d.id join projects p on p.id = a.project_id
    where l.config -> 'function' ? 'schedule' and w.retired_at is null`;

/**
 * Whether the caller is the one who calls for this minute: true once, whoever asks. A minute before the last one is past, and one
 * before the release was live is not its own.
 */
export const claimCall = async (query: Query, call: { appId: string; cron: string; dueAt: Date; liveAt: Date }): Promise<boolean> => {
  const { appId, cron, dueAt, liveAt } = call;
  const rows = await query`
    insert into scheduled_calls as known (app_id, cron, due_at)
    select ${appId}, ${cron}, ${dueAt}::timestamptz
      where ${dueAt}::timestamptz >= ${liveAt}::timestamptz or exists (select 1 from scheduled_calls where app_id = ${appId} and cron = ${cron})
    on conflict (app_id, cron) do update set due_at = excluded.due_at where known.due_at < excluded.due_at
    returning due_at`;
  return rows.length === 1;
};

/** What was called long ago is called again by the time of its release. */
export const trimCalls = async (query: Query): Promise<void> => {
  await query`delete from scheduled_calls where due_at < now() - interval '1 day'`;
};
