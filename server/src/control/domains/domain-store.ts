// Host names in PostgreSQL: each belongs to one app of the installation.
import type { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Query } from "#platform/database.ts";
import { hostOfAnother, tooManyDomains } from "./domain.ts";

export interface DomainRow {
  host: string;
  isDefault: boolean;
  createdAt: Date;
}
export interface Claim {
  host: string;
  tenant: string;
  appId: string;
  isDefault?: boolean;
  /** The deployment that brings it; it is let go again when that fails. */
  broughtBy?: string | undefined;
  /** Who asks has a grant, and may not know of the app that has it. */
  isGranted?: boolean;
}

/** Takes a host name for an app; one that it has already is fine. Throws `conflict` when another app has it, or this one has as many as it may. */
export const claimDomain = async (query: Query, { host, tenant, appId, isDefault = false, broughtBy, isGranted = false }: Claim): Promise<void> => {
  const [row] = await query<{ appId: string; isNew: boolean }[]>`
    insert into domains (host, tenant, app_id, is_default, brought_by) values (${host}, ${tenant}, ${appId}, ${isDefault}, ${broughtBy ?? null})
    on conflict (host) do update set brought_by = case when domains.app_id = excluded.app_id and excluded.brought_by is null then null else domains.brought_by end
    returning app_id, xmax = 0 as is_new`;
  if (row?.appId !== appId) throw await taken(query, host, isGranted ? undefined : tenant);
  if (row.isNew) await expectRoom(query, appId);
};

/** Who throws the claim away with this error has taken nothing: it is in their transaction, or goes with their deployment. */
const expectRoom = async (query: Query, appId: string): Promise<void> => {
  const [all] = await query<{ count: number }[]>`select count(*)::int as count from domains where app_id = ${appId}`;
  if ((all?.count ?? 0) > limit("domains")) throw tooManyDomains();
};

const taken = async (query: Query, host: string, tenant: string | undefined): Promise<SlipError> => {
  const [owner] = await query<{ name: string }[]>`
    select a.name from domains d join apps a on a.id = d.app_id where d.host = ${host} and d.tenant = ${tenant ?? null}`;
  return hostOfAnother(host, owner?.name);
};

/** Who has some host names, for a tenant: the names of its own apps alone. */
export const ownersOf = (query: Query, tenant: string, hosts: readonly string[]): Promise<{ host: string; appId: string; app: string | null }[]> =>
  query<{ host: string; appId: string; app: string | null }[]>`
    select d.host, d.app_id, case when d.tenant = ${tenant} then a.name end as app
    from domains d join apps a on a.id = d.app_id where d.host = any(${[...hosts]})`;

export const domainsOf = (query: Query, appId: string): Promise<DomainRow[]> =>
  query<DomainRow[]>`select host, is_default, created_at from domains where app_id = ${appId} order by is_default desc, created_at, host`;

/** Whether the app has it for good, and not only while a deployment that brings it is under way. */
export const isKept = async (query: Query, appId: string, host: string): Promise<boolean> =>
  (await query`select host from domains where app_id = ${appId} and host = ${host} and brought_by is null`).length > 0;

/** Gives it as it was; undefined when there is none that can be removed. */
export const removeDomain = async (query: Query, appId: string, host: string): Promise<DomainRow | undefined> =>
  (await query<DomainRow[]>`delete from domains where app_id = ${appId} and host = ${host} and not is_default returning host, is_default, created_at`)[0];

/** The deployment did not become live: the host names that it brought are let go. */
export const dropDomains = async (query: Query, deployment: string): Promise<void> => {
  await query`delete from domains where brought_by = ${deployment}`;
};
