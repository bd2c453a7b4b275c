// What a grant covers, as a condition of SQL over `apps a`: the same rule as `covers`.
import type { Grant } from "@slipstream/contract/access.ts";
import type { Query } from "#platform/database.ts";

/** True for every app of a caller without a grant. */
export const coveredApps = (query: Query, grant: Grant | undefined) =>
  grant === undefined
    ? query`true`
    : query`(starts_with(a.name, ${grant.namePrefix ?? ""})
        and (${grant.projects === undefined} or exists (select 1 from projects gp where gp.id = a.project_id and gp.name = any(${grant.projects ?? []}::text[])))
        and (${grant.environments === undefined}
          or exists (select 1 from environments ge where ge.id = a.environment_id and ge.name = any(${grant.environments ?? []}::text[]))))`;
