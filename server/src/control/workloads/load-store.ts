// Apps that scale by themselves, as PostgreSQL has them.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { Query } from "#platform/database.ts";
import { type LiveWorkload, liveWorkloads } from "./workload-store.ts";

/** Requests are counted for its deployment, since that became live. */
export interface ScalingRow extends LiveWorkload {
  /** That requests may go to. */
  instances: number;
  config: AppConfig & { scale: NonNullable<AppConfig["scale"]> };
}

/** Those that are live and settled: nothing changes them just now. */
export const scalingApps = (query: Query): Promise<ScalingRow[]> => {
  const { columns, tables } = liveWorkloads(query);
  return query<ScalingRow[]>`
    select ${columns}, jsonb_array_length(w.targets) as instances, l.config from ${tables}
    where l.config ? 'scale' and a.destroyed_at is null and jsonb_array_length(w.targets) = w.instances
      and not exists (select 1 from tasks t where t.app_id = a.id and t.state = 'open')
      and not exists (select 1 from deployments o where o.app_id = a.id and o.state in ('waiting', 'running'))`;
};
