// Apps in PostgreSQL, and the tenant, project and environment that they are in.
import type { Grant } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import { coveredApps } from "../access/coverage.ts";
import { defaultHost } from "../deployments/deployment.ts";
import { claimDomain } from "../domains/domain-store.ts";
import { renameInJournal } from "../journal/journal-store.ts";
import { nameOfAnother } from "./refusals.ts";

/** What there is before anybody made anything. */
export const firstTenant = "local";
export const firstProject = "default";
export const firstEnvironment = "production";

export const seedTenant = async (query: Query): Promise<void> => {
  await query`insert into tenants (tenant) values (${firstTenant}) on conflict do nothing`;
  await query`insert into projects (id, tenant, name) values (${newId("prj")}, ${firstTenant}, ${firstProject}) on conflict do nothing`;
  await query`
    insert into environments (id, project_id, name)
    select ${newId("env")}, id, ${firstEnvironment} from projects where tenant = ${firstTenant} and name = ${firstProject} on conflict do nothing`;
};

export interface AppRow {
  id: string;
  tenant: string;
  project: string;
  environment: string;
  name: string;
  instances: number | null;
  liveDeployment: string | null;
  release: number | null;
  /** Instances that requests may go to now. */
  serving: number;
  createdAt: Date;
  /** Off the air since then, and kept until it is purged. */
  destroyedAt: Date | null;
  /** The release that was live when it was destroyed, where one was. */
  releaseBefore: number | null;
}

const select = (query: Query) => query`
  select a.id, a.tenant, p.name as project, e.name as environment, a.name, a.instances, a.live_deployment, d.release, coalesce(jsonb_array_length(w.targets), 0) as serving, a.created_at,
    a.destroyed_at, b.release as release_before
  from apps a join projects p on p.id = a.project_id join environments e on e.id = a.environment_id left join deployments d on d.id = a.live_deployment
    left join workloads w on w.id = d.workload left join deployments b on b.id = a.live_before`;

/** Those of a tenant that a grant covers; no grant covers all. */
export const appsOf = (query: Query, tenant: string, of: { grant: Grant | undefined; destroyed: boolean }): Promise<AppRow[]> =>
  query<AppRow[]>`
    ${select(query)} where a.tenant = ${tenant} and ${coveredApps(query, of.grant)} ${of.destroyed ? query`` : query`and a.destroyed_at is null`} order by a.name`;

export const findApp = async (query: Query, tenant: string, name: string): Promise<AppRow | undefined> =>
  (await query<AppRow[]>`${select(query)} where a.tenant = ${tenant} and a.name = ${name}`)[0];

export const noApp = (name: string): SlipError =>
  new SlipError("not_found", `There is no app ${name}.`, { next: `List the apps with 'slip apps'; 'slip apps create ${name}' makes it.` });

/** When a destroyed app is purged. */
export const keptUntil = (destroyedAt: Date): Date => new Date(destroyedAt.getTime() + limit("destroyedKeptMs"));

const destroyedError = (name: string, destroyedAt: Date): SlipError =>
  new SlipError("conflict", `The app ${name} was destroyed; it is kept, with its name, until ${keptUntil(destroyedAt).toISOString()}.`, {
    next: [`Bring it back with 'slip restore ${name}'.`, `Remove it for good with 'slip destroy ${name} --purge'.`],
  });

/** One that was destroyed and is still kept, too. Throws `not_found`. */
export const appNamed = async (query: Query, tenant: string, name: string): Promise<AppRow> => {
  const app = await findApp(query, tenant, name);
  if (!app) throw noApp(name);
  return app;
};

/** One that was not destroyed. Throws `not_found`, or `conflict` for one that was. */
export const livingApp = async (query: Query, tenant: string, name: string): Promise<AppRow> => {
  const app = await appNamed(query, tenant, name);
  if (app.destroyedAt !== null) throw destroyedError(name, app.destroyedAt);
  return app;
};

export const appOf = async (query: Query, id: string): Promise<AppRow | undefined> => (await query<AppRow[]>`${select(query)} where a.id = ${id}`)[0];

/** Whether no app has the name, of any tenant. */
export const isNameFree = async (query: Query, name: string): Promise<boolean> => (await query`select 1 from apps where name = ${name}`).length === 0;

/**
 * Makes the app where it is new, with its default host name, in the project that is named or the first one. Throws `conflict` when the
 * name belongs to another tenant or the app is in another project, `not_found` when there is no such project.
 */
export const ensureApp = async (query: Query, tenant: string, name: string, project?: string): Promise<{ id: string; isNew: boolean }> => {
  const made = await query<{ id: string }[]>`
    insert into apps (id, tenant, project_id, environment_id, name)
    select ${newId("app")}, ${tenant}, p.id, e.id, ${name} from projects p join environments e on e.project_id = p.id
    where p.tenant = ${tenant} and p.name = ${project ?? firstProject} and e.name = ${firstEnvironment} on conflict (name) do nothing returning id`;
  const id = made[0]?.id;
  if (id === undefined) return { id: await takenApp(query, { tenant, name, project }), isNew: false };
  await claimDomain(query, { host: defaultHost(name), tenant, appId: id, isDefault: true });
  return { id, isNew: true };
};

const takenApp = async (query: Query, { tenant, name, project }: { tenant: string; name: string; project: string | undefined }): Promise<string> => {
  const app = await findApp(query, tenant, name);
  if (app && (project === undefined || app.project === project)) return app.id;
  if (app) throw new SlipError("conflict", `The app ${name} is in the project ${app.project}.`, { next: "Name that project, or none." });
  const known = project === undefined || (await query`select id from projects where tenant = ${tenant} and name = ${project}`).length > 0;
  if (!known) throw new SlipError("not_found", `There is no project ${project}.`, { next: `Make it with 'slip projects create ${project}'.` });
  throw nameOfAnother(name);
};

export const setAppInstances = async (query: Query, appId: string, instances: number): Promise<void> => {
  await query`update apps set instances = ${instances} where id = ${appId}`;
};

export const deleteApp = async (query: Query, appId: string): Promise<void> => {
  // Releases are named by workloads; these go first.
  await query`delete from workloads where app_id = ${appId}`;
  await query`delete from apps where id = ${appId}`;
};

/** Gives a new app that was never live another name, with its host name. False when the name is taken, or the app is not new. */
export const renameNewApp = async (query: Query, of: { id: string; tenant: string; name: string }): Promise<boolean> => {
  const { id, tenant, name } = of;
  const renamed = await query`
    update apps a set name = ${name} where id = ${id} and live_deployment is null and last_release = 0
      and not exists (select 1 from apps b where b.name = ${name}) and (select count(*) from deployments d where d.app_id = a.id) = 1 returning id`;
  if (renamed.length === 0) return false;
  await query`delete from domains where app_id = ${id} and is_default`;
  await claimDomain(query, { host: defaultHost(name), tenant, appId: id, isDefault: true });
  await renameInJournal(query, { tenant, appId: id, name });
  return true;
};

type Locked = Pick<AppRow, "name" | "destroyedAt">;

/** Those who change the routes of an app, or what is under way of it, do so one after the other. */
export const lockApp = async (query: Query, appId: string): Promise<Locked | undefined> =>
  (await query<Locked[]>`select name, destroyed_at from apps where id = ${appId} for update`)[0];

/** Throws `conflict` for what only one that was destroyed can have, or only one that was not. */
export const expectDestroyed = (app: Locked | undefined, expected: boolean): void => {
  if (app && !expected && app.destroyedAt !== null) throw destroyedError(app.name, app.destroyedAt);
  if (app && expected && app.destroyedAt === null) throw new SlipError("conflict", `The app ${app.name} is not destroyed.`, { next: "See 'slip apps'." });
};

/** Takes the live release from it; what was live is remembered. Gives whether it was not destroyed before. */
export const markDestroyed = async (query: Query, appId: string): Promise<boolean> =>
  (
    await query`
      update apps set destroyed_at = now(), live_before = live_deployment, live_deployment = null where id = ${appId} and destroyed_at is null returning id`
  ).length > 0;

export const unmarkDestroyed = async (query: Query, appId: string): Promise<void> => {
  await query`update apps set destroyed_at = null, live_before = null where id = ${appId}`;
};

/** Destroyed apps that nothing is done to just now, with the time of it. */
export const destroyedApps = (query: Query): Promise<(Locked & { id: string; tenant: string; destroyedAt: Date })[]> =>
  query<(Locked & { id: string; tenant: string; destroyedAt: Date })[]>`
    select id, tenant, name, destroyed_at from apps a where destroyed_at is not null
      and not exists (select 1 from tasks t where t.app_id = a.id and t.state = 'open')
      and not exists (select 1 from deployments d where d.app_id = a.id and d.state in ('waiting', 'running')) order by destroyed_at`;
