// Projects in PostgreSQL, each with its environments.
import type { Grant } from "@slipstream/contract/access.ts";
import type { Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import { coveredApps } from "../access/coverage.ts";

export interface ProjectRow {
  name: string;
  environments: string[];
  /** Of those that the grant covers. */
  apps: number;
  createdAt: Date;
}

/** Those of a tenant that a grant covers; no grant covers all. */
export const projectsOf = (query: Query, tenant: string, grant?: Grant): Promise<ProjectRow[]> =>
  query<ProjectRow[]>`
    select p.name, p.created_at,
      (select coalesce(array_agg(e.name order by e.name), '{}') from environments e where e.project_id = p.id
        and (${grant?.environments === undefined} or e.name = any(${grant?.environments ?? []}::text[]))) as environments,
      (select count(*) from apps a where a.project_id = p.id and ${coveredApps(query, grant)})::int as apps
    from projects p where p.tenant = ${tenant} and (${grant?.projects === undefined} or p.name = any(${grant?.projects ?? []}::text[])) order by p.name`;

/** False when there is one of that name already. */
export const insertProject = async (query: Query, of: { tenant: string; name: string; environment: string }): Promise<boolean> => {
  const [made] = await query<{ id: string }[]>`
    insert into projects (id, tenant, name) values (${newId("prj")}, ${of.tenant}, ${of.name}) on conflict do nothing returning id`;
  if (!made) return false;
  await query`insert into environments (id, project_id, name) values (${newId("env")}, ${made.id}, ${of.environment})`;
  return true;
};
