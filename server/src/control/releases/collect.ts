// Garbage: releases that rollback cannot reach any more, and what only they needed. Never what a kept release needs.
import { limit } from "@slipstream/contract/limits.ts";
import type { Query } from "#platform/database.ts";
import { isLow, roomOf } from "#platform/disk-room.ts";
import type { Control } from "../control.ts";

/** A source that was sent lately, or whose deployment has failed, may be named by a deployment in a moment. */
const recentHours = 24;

/** Forgets all but the releases that were live last of each app, by the order of deployments; the live one (of a destroyed app, the one that was), parked ones and those of open deployments always stay. */
const forgetOldReleases = async (query: Query): Promise<void> => {
  await query`
    delete from releases r using (
      select n.id, row_number() over (partition by n.app_id order by max(d.id) desc nulls last, n.number desc) as place
      from releases n left join deployments d on d.release_id = n.id and d.state = 'live' where n.live_at is not null group by n.id
    ) ranked
    where r.id = ranked.id and ranked.place > ${limit("keptReleases")}
      and not exists (select 1 from workloads w where w.release_id = r.id)
      and not exists (select 1 from deployments d where d.release_id = r.id and d.state in ('waiting', 'running'))
      and not exists (select 1 from apps a join deployments d on d.id = coalesce(a.live_deployment, a.live_before) where d.release_id = r.id)`;
};

interface Kept {
  artifacts: string[];
  sources: { tenant: string; source: string }[];
}

const keptOf = async (query: Query): Promise<Kept> => {
  const artifacts = await query<{ artifact: string }[]>`
    select artifact from releases union select artifact from deployments where state in ('waiting', 'running') and artifact is not null
    union select digest from artifacts where created_at > now() - make_interval(hours => ${recentHours})`;
  const sources = await query<{ tenant: string; source: string }[]>`
    select a.tenant, r.source from releases r join apps a on a.id = r.app_id where r.source is not null
    union select tenant, source from deployments
      where source is not null and (state in ('waiting', 'running') or (state = 'failed' and ended_at > now() - make_interval(hours => ${recentHours})))
    union select tenant, digest from sources where checked_at > now() - make_interval(hours => ${recentHours})`;
  return { artifacts: artifacts.map((row) => row.artifact), sources: [...sources] };
};

const forgetArtifacts = async (query: Query, { artifacts }: Kept): Promise<void> => {
  await query`delete from builds where artifact <> all(${artifacts})`;
  await query`delete from artifacts where digest <> all(${artifacts})`;
  await query`delete from sources where checked_at < now() - make_interval(hours => ${recentHours})`;
};

/** Forgets what nobody can reach any more; gives what has to be kept. Undefined while something is under way, which would lose what it has just made. */
export const forgetUnneeded = async (query: Query): Promise<Kept | undefined> => {
  const open = await query`select 1 from deployments where state in ('waiting', 'running') limit 1`;
  if (open.length > 0) return undefined;
  await forgetOldReleases(query);
  const kept = await keptOf(query);
  await forgetArtifacts(query, kept);
  return kept;
};

type Collecting = Pick<Control, "home" | "database" | "log"> & { host: Pick<Control["host"], "collect"> };

export const collectGarbage = async (control: Collecting): Promise<void> => {
  const { database, host, log } = control;
  const kept = await database.begin(forgetUnneeded);
  if (!kept) return;
  const low = isLow(roomOf(control.home.root));
  const { removed, freedBytes } = await host.collect({ ...kept, low });
  if (removed > 0) log.info("garbage was collected", { removed, freedBytes, low });
};

export const collectWhenLow = async (control: Control): Promise<void> => {
  if (isLow(roomOf(control.home.root))) await collectGarbage(control);
};
