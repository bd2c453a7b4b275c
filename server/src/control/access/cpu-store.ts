// CPU time that is counted for grants. The host tells it of each sandbox in all, so that what it tells twice is counted once.
import type { CpuTime } from "@slipstream/contract/ports/host.ts";
import { json, type Query } from "#platform/database.ts";
import type { Control } from "../control.ts";

/** Takes what sandboxes have used in all. */
export const saveCpuTimes = async (query: Query, times: readonly CpuTime[]): Promise<void> => {
  await query`
    insert into cpu_times as known (sandbox, grant_id, ms)
    select t.sandbox, g.id, t.ms from jsonb_to_recordset(${json(query, times)}) as t (sandbox text, account text, ms bigint) join grants g on g.id = t.account
    on conflict (sandbox) do update set ms = greatest(known.ms, excluded.ms), seen_at = now()
    where known.ms < excluded.ms or known.seen_at < now() - interval '1 day'`;
};

/** What was saved of sandboxes is told to the host with the next question: it keeps those that ended until then. */
export class CpuCounter {
  #counted: CpuTime[] = [];

  async count({ host, progress }: Control): Promise<void> {
    const { times } = await host.cpuTimes({ counted: this.#counted }, { timeoutMs: 10_000 });
    if (times.length > 0) await saveCpuTimes(progress, times);
    this.#counted = times;
  }
}

const keptDays = 7;

/** Adds up what sandboxes have used that are gone. */
export const trimCpuTimes = async (query: Query): Promise<void> => {
  await query`
    with gone as (delete from cpu_times where seen_at < now() - ${`${keptDays} days`}::interval returning grant_id, ms),
    sums as (select grant_id, sum(ms)::bigint as ms from gone group by grant_id)
    update grants g set cpu_ms = g.cpu_ms + sums.ms from sums where sums.grant_id = g.id`;
};

/** Of the grant `g`, in milliseconds. */
export const cpuMsOf = (query: Query) => query`(g.cpu_ms + coalesce((select sum(c.ms) from cpu_times c where c.grant_id = g.id), 0))::bigint`;
