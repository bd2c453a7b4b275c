// Plans in PostgreSQL. The input is sealed, and goes as soon as it is of no use any more.
import { limit } from "@slipstream/contract/limits.ts";
import { json, type Query } from "#platform/database.ts";
import { coveredApps } from "../access/coverage.ts";
import { isScoped } from "../access/decide.ts";
import { mayDo } from "../access/token.ts";
import type { Call } from "../api/call.ts";
import type { Sealed, Sealing } from "../secrets/sealing.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { administeredNames, type PlanRow, type Shown } from "./plan.ts";

const columns = (query: Query) =>
  query`id, tenant, actor, grant_id, operation, app, shown, fingerprint, created_at, expires_at, applied_at, applied_key, answer`;

/** What a sealed input belongs to. */
export const placeOfPlan = ({ id, tenant }: { id: string; tenant: string }): string[] => ["plan", tenant, id];

export interface NewPlan {
  id: string;
  tenant: string;
  actor: string;
  grantId: string | null;
  operation: string;
  app: string | undefined;
  input: Record<string, unknown>;
  shown: Shown;
  fingerprint: Fingerprint;
  expiresAt: Date;
}

/** The oldest of the tenant make room for it. */
export const insertPlan = async (query: Query, sealing: Sealing, it: NewPlan): Promise<PlanRow> => {
  const { keyId, sealed } = sealing.seal(JSON.stringify(it.input), placeOfPlan(it));
  await query`
    delete from plans where tenant = ${it.tenant} and applied_at is null
      and id <= (select id from plans where tenant = ${it.tenant} and applied_at is null order by id desc offset ${limit("plansOpen") - 1} limit 1)`;
  const rows = await query<PlanRow[]>`
    insert into plans (id, tenant, actor, grant_id, operation, app, sealed, key_id, shown, fingerprint, expires_at)
    values (${it.id}, ${it.tenant}, ${it.actor}, ${it.grantId}, ${it.operation}, ${it.app ?? null}, ${sealed}, ${keyId}, ${json(query, it.shown)},
      ${json(query, it.fingerprint)}, ${it.expiresAt})
    returning ${columns(query)}`;
  const [row] = rows;
  if (!row) throw new Error(`Plan ${it.id} is not there.`);
  return row;
};

/** Those of one who plans, which nobody has applied. */
export const dropOpenPlans = async (query: Query, { tenant, actor }: { tenant: string; actor: string }): Promise<void> => {
  await query`delete from plans where tenant = ${tenant} and actor = ${actor} and applied_at is null`;
};

export const planIn = async (query: Query, tenant: string, id: string): Promise<PlanRow | undefined> =>
  (await query<PlanRow[]>`select ${columns(query)} from plans where tenant = ${tenant} and id = ${id}`)[0];

/** Of apps that the caller's grant covers, and those of new apps that were planned by it. */
const covered = (query: Query, { tenant, actor, token: { grant, grantId } }: Asking) =>
  isScoped(grant)
    ? query`and (exists (select 1 from apps a where a.tenant = ${tenant} and a.name = plans.app and ${coveredApps(query, grant)})
        or actor = ${actor} and grant_id = ${grantId} and not exists (select 1 from apps a where a.name = plans.app))`
    : query``;

/** As `isShownTo`. */
const shownTo = (query: Query, { actor, token }: Asking) =>
  mayDo(token, "administer") ? query`` : query`and (app is not null or operation <> all(${administeredNames}) or actor = ${actor})`;

type Asking = Pick<Call, "tenant" | "actor" | "token">;

/** Newest first; `before` is the id of the one that they follow. */
export const plansOf = (query: Query, asking: Asking, of: { app?: string | undefined; before?: string | undefined; limit: number }): Promise<PlanRow[]> =>
  query<PlanRow[]>`
    select ${columns(query)} from plans where tenant = ${asking.tenant} ${of.app === undefined ? query`` : query`and app = ${of.app}`} ${covered(query, asking)}
      ${shownTo(query, asking)} ${of.before === undefined ? query`` : query`and id < ${of.before}`}
    order by id desc limit ${of.limit}`;

/** What it was asked to do; undefined once that was removed. */
export const inputOfPlan = async (query: Query, sealing: Sealing, of: { id: string; tenant: string }): Promise<Record<string, unknown> | undefined> => {
  const [row] = await query<Sealed[]>`select sealed, key_id from plans where tenant = ${of.tenant} and id = ${of.id} and sealed is not null`;
  return row && (JSON.parse(sealing.open(row, placeOfPlan(of))) as Record<string, unknown>);
};

export interface Claimed {
  appliedAt: Date | null;
  appliedRun: string | null;
}
/** Who applies it, for the rest of the transaction alone. */
export const lockPlan = async (query: Query, id: string): Promise<Claimed | undefined> =>
  (await query<Claimed[]>`select applied_at, applied_run from plans where id = ${id} for update`)[0];

export const claimPlan = async (query: Query, id: string, by: { key: string | undefined; run: string }): Promise<void> => {
  await query`update plans set applied_at = now(), applied_key = ${by.key ?? null}, applied_run = ${by.run} where id = ${id}`;
};

/** What it answered; the input is of no use any more. */
export const answerPlan = async (query: Query, id: string, answer: Record<string, unknown>): Promise<void> => {
  await query`
    update plans set answer = ${json(query, answer)}, sealed = null, key_id = null, applied_at = coalesce(applied_at, now()) where id = ${id}`;
};

/** Inputs go with the end of their plans; what is left of a plan goes when its idempotency key is forgotten. */
export const trimPlans = async (query: Query): Promise<void> => {
  const forgotten = new Date(Date.now() - limit("idempotencyKeptMs"));
  await query`delete from plans where expires_at < ${forgotten} and coalesce(applied_at, expires_at) < ${forgotten}`;
  await query`update plans set sealed = null, key_id = null where sealed is not null and expires_at < now()`;
};
