// Functions with a schedule, and who calls them when, as PostgreSQL has them.
import type { Query } from "#platform/database.ts";
import { type LiveWorkload, liveWorkloads } from "../workloads/workload-store.ts";

export interface ScheduledRow extends LiveWorkload {
  liveAt: Date;
  schedule: string[];
}

/** Those that are live. */
export const scheduledFunctions = (query: Query): Promise<ScheduledRow[]> => {
  const { columns, tables } = liveWorkloads(query);
  return query<ScheduledRow[]>`
    select ${columns}, l.live_at, l.config -> 'function' -> 'schedule' as schedule from ${tables} where l.config -> 'function' ? 'schedule'`;
};

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
