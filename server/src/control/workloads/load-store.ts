// Apps that scale by themselves, as PostgreSQL has them.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { Query } from "#platform/database.ts";

export interface ScalingRow {
  appId: string;
  tenant: string;
  project: string;
  app: string;
  workload: string;
  /** The deployment that is live. Requests are counted for it, since it became live. */
  deployment: string;
  commit: string | null;
  /** That requests may go to. */
  instances: number;
  config: AppConfig & { scale: NonNullable<AppConfig["scale"]> };
}

const columns = (query: Query) => query`
  a.id as app_id, a.tenant, p.name as project, a.name as app, w.id as workload, d.id as deployment, d.commit, jsonb_array_length(w.targets) as instances, l.config`;

/** Those that are live and settled: nothing changes them just now. */
export const scalingApps = (query: Query): Promise<ScalingRow[]> =>
  query<ScalingRow[]>`
    select ${columns(query)} from releases l join workloads w on w.release_id = l.id join deployments d on d.workload = w.id
      join apps a on a.live_deployment = d.id join projects p on p.id = a.project_id
    where l.config ? 'scale' and a.destroyed_at is null and w.retired_at is null and jsonb_array_length(w.targets) = w.instances
      and not exists (select 1 from tasks t where t.app_id = a.id and t.state = 'open')
      and not exists (select 1 from deployments o where o.app_id = a.id and o.state in ('waiting', 'running'))`;
