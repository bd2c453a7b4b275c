// The journal in PostgreSQL: who asked for what, and what undoes it. Written in the transaction of the change.
import type { Grant } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { json, type Part, type Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import { coveredApps } from "../access/coverage.ts";
import { isScoped } from "../access/decide.ts";
import type { Call } from "../api/call.ts";
import { claimKeys } from "../api/claim-store.ts";
import type { Entry, Inverse } from "./entry.ts";
import { whyNot } from "./no-undo.ts";

export interface Journaled {
  operation: string;
  app?: string | undefined;
  /** Never with the value of a secret. */
  input: Record<string, unknown>;
  /** What undoes it; where nothing does, `noUndo` says why. */
  inverse?: Inverse | undefined;
  noUndo?: string | undefined;
  /** The deployment that carries it out. */
  deployment?: string | undefined;
}

/** Who asks: a caller, or a part of the platform that changes something by itself. */
export type Journaling = Pick<Call, "tenant" | "actor" | "requestId" | "journaled" | "claim" | "within" | "undoes" | "approved">;

/** What was approved is done and journaled already: what was begun again is taken back. */
export class AlreadyJournaled extends Error {}

/** Throws `conflict` when somebody else has undone it meanwhile. */
const markUndone = async (query: Query, { id, undoneBy }: NonNullable<Call["undoes"]>, by: string): Promise<void> => {
  const rows = await query`update journal set undone_by = ${by} where id = ${id} and undone_by is not distinct from ${undoneBy ?? null} returning id`;
  if (rows.length === 0) throw new SlipError("conflict", `Somebody else has undone ${id} just now.`, { next: "Look at 'slip journal'." });
};

/** For `with … as` too: then `from` says of what the change made, without which there is no entry. */
const inserting = (query: Query, by: Journaling, it: Journaled & { id: string; undoes?: string | undefined }, from: Part = query``) => {
  const { id, operation, app, input, inverse, deployment, undoes } = it;
  return query`
    insert into journal (id, tenant, actor, approved_by, approval, request_id, operation, app, input, inverse, no_undo, deployment, undoes)
    select ${id}, ${by.tenant}, ${by.actor}, ${by.approved?.by ?? null}, ${by.approved?.id ?? null}, ${by.requestId}, ${operation}, ${app ?? null},
      ${json(query, input)}, ${inverse === undefined ? null : json(query, inverse)},
      ${inverse === undefined ? (it.noUndo ?? whyNot(operation)) : null}, ${deployment ?? null}, ${undoes ?? null} ${from}
    on conflict (approval) do nothing returning id`;
};

const insert = async (query: Query, by: Journaling, it: Journaled & { undoes: string | undefined }): Promise<string> => {
  const id = newId("jrn");
  const rows = await inserting(query, by, { ...it, id });
  if (rows.length === 0) throw new AlreadyJournaled(`The approval ${by.approved?.id} is journaled already.`);
  return id;
};

/** The entry of a change that is made by the same statement, in its `with … as`. For a call that is neither approved nor undoes anything. */
export const journaling = (query: Query, call: Journaling, it: Journaled, from: Part) => inserting(query, call, { ...it, id: newId("jrn") }, from);

/** Notes what a call changes, and that its idempotency key is used. Throws AlreadyJournaled. */
export const journal = async (query: Query, call: Journaling, it: Journaled): Promise<void> => {
  call.journaled = true;
  const [id] = await Promise.all([insert(query, call, { ...it, undoes: call.undoes?.id }), claimKeys(query, call)]);
  if (call.undoes) await markUndone(query, call.undoes, id);
};

const columns = (query: Query) => query`
  j.id, j.time, j.actor, j.approved_by, j.request_id, j.operation, j.app, j.input, j.inverse, j.no_undo, j.undoes, j.undone_by, j.deployment,
  d.state as deployment_state, d.failure->>'code' as deployment_failure, d.kind as deployment_kind`;

const select = (query: Query) => query`select ${columns(query)} from journal j left join deployments d on d.id = j.deployment`;

/** Entries of apps that there are, and of all else for a caller whose grant covers the whole tenant. An app that has the name of another one of before has not its entries. */
const covered = (query: Query, tenant: string, grant: Grant | undefined) =>
  isScoped(grant)
    ? query`and exists (select 1 from apps a where a.tenant = ${tenant} and a.name = j.app and a.created_at <= j.time and ${coveredApps(query, grant)})`
    : query``;

/** Newest first. */
export const journalOf = (
  query: Query,
  { tenant, token }: Pick<Call, "tenant" | "token">,
  of: { app?: string | undefined; before?: string | undefined; limit: number },
): Promise<Entry[]> =>
  query<Entry[]>`
    ${select(query)} where j.tenant = ${tenant} ${of.app === undefined ? query`` : query`and j.app = ${of.app}`} ${covered(query, tenant, token.grant)}
      ${of.before === undefined ? query`` : query`and j.id < ${of.before}`} order by j.id desc limit ${of.limit}`;

/** All that has undone something since an entry: what says whether entries since then still hold. */
export const undoingsSince = (query: Query, tenant: string, id: string): Promise<Entry[]> =>
  query<Entry[]>`${select(query)} where j.tenant = ${tenant} and j.undoes is not null and j.id > ${id}`;

/** An entry, and all that came after it of the same app, oldest first. Undefined where the tenant has no such entry. */
export const entryWithLater = async (query: Query, tenant: string, id: string): Promise<{ entry: Entry; later: Entry[] } | undefined> => {
  const [entry] = await query<Entry[]>`${select(query)} where j.tenant = ${tenant} and j.id = ${id}`;
  if (!entry) return undefined;
  const later = await query<Entry[]>`
    ${select(query)} where j.tenant = ${tenant} and j.app is not distinct from ${entry.app} and j.id > ${id} order by j.id`;
  return { entry, later: [...later] };
};

/** What an entry is about: the app that it was of, where that is still there; undefined where the tenant has no such entry. */
export const placeOfEntry = async (query: Query, tenant: string, id: string): Promise<{ app: string | null; isThere: boolean } | undefined> =>
  (
    await query<{ app: string | null; isThere: boolean }[]>`
      select j.app, exists (select 1 from apps a where a.tenant = j.tenant and a.name = j.app and a.created_at <= j.time) as is_there
      from journal j where j.tenant = ${tenant} and j.id = ${id}`
  )[0];

/** What a person has approved was done apart from the call that asked for it: its entry is the one that undid. Gives that. */
export const adoptUndoing = async (query: Query, tenant: string, of: { id: string; app: string | null; operation: string }): Promise<string | undefined> => {
  const [row] = await query<{ undoneBy: string }[]>`
    with done as (
      update journal set undoes = ${of.id} where id = (
        select id from journal where tenant = ${tenant} and app is not distinct from ${of.app} and operation = ${of.operation}
          and approval is not null and undoes is null and id > ${of.id} order by id desc limit 1) returning id
    )
    update journal e set undone_by = done.id from done where e.tenant = ${tenant} and e.id = ${of.id} returning e.undone_by`;
  return row?.undoneBy;
};

/** The entry by which an app was destroyed last, as one that a call undoes. */
export const destructionOf = async (query: Query, tenant: string, app: string): Promise<Call["undoes"]> => {
  const [row] = await query<{ id: string; undoneBy: string | null }[]>`
    select id, undone_by from journal where tenant = ${tenant} and app = ${app} and operation = 'apps.destroy' order by id desc limit 1`;
  return row && { id: row.id, undoneBy: row.undoneBy ?? undefined };
};

/** A new app has got its name on the way: what was asked of it is found under that one. */
export const renameInJournal = async (query: Query, of: { tenant: string; appId: string; name: string }): Promise<void> => {
  await query`
    update journal j set app = ${of.name}, input = j.input || ${json(query, { app: of.name })},
      inverse = case when j.inverse is null then null else jsonb_set(j.inverse, '{input,app}', ${json(query, of.name)}) end
    from deployments d where d.id = j.deployment and d.app_id = ${of.appId} and j.tenant = ${of.tenant}`;
};
