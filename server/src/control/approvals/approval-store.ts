// Approvals in PostgreSQL. One that has ended never changes again: every update is guarded by its state.
import type { Beyond } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { json, type Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import { announce } from "../outbox/outbox-store.ts";
import type { Sealing } from "../secrets/sealing.ts";
import { type ApprovalRow, type ApprovalState, type Failure, type Given, givenIn, toShown } from "./approval.ts";

/** One that nobody decided in time is at its end, also before anybody has noted that. */
const columns = (query: Query) => query`
  id, tenant, grant_id, person, giver_verbs, actor, operation, app, idempotency_key, request_sha256, shown, why, beyond, approved_before,
  case when state = 'pending' and expires_at <= now() then 'expired' else state end as state,
  sealed, key_id, failure, decided_by, continued_by, created_at, expires_at`;

const place = ({ tenant, id }: { tenant: string; id: string }): string[] => ["approval", tenant, id];

/** The input of one that has not ended, or the answer of one that is done; undefined when there is neither. */
export const openApproval = (sealing: Sealing, row: ApprovalRow): unknown =>
  row.sealed === null || row.keyId === null ? undefined : JSON.parse(sealing.open({ keyId: row.keyId, sealed: row.sealed }, place(row)));

export const approvalIn = async (query: Query, tenant: string, id: string): Promise<ApprovalRow | undefined> =>
  (await query<ApprovalRow[]>`select ${columns(query)} from approvals where tenant = ${tenant} and id = ${id}`)[0];

/** Waits for those who decide or end it. */
export const lockApproval = async (query: Query, id: string): Promise<void> => {
  await query`select id from approvals where id = ${id} for update`;
};

/** `grantId`: of this asker alone; `person`: of this person's grants alone. Newest first; `before` is the id of the one that they follow. */
export const approvalsOf = (
  query: Query,
  tenant: string,
  of: { grantId?: string | null; person?: string | null; state?: ApprovalState | undefined; before?: string | undefined; limit: number },
): Promise<ApprovalRow[]> =>
  query<ApprovalRow[]>`
    select * from (select ${columns(query)} from approvals where tenant = ${tenant}
      ${of.grantId === undefined ? query`` : query`and grant_id = ${of.grantId}`} ${of.person === undefined ? query`` : query`and person = ${of.person}`}
      ${of.before === undefined ? query`` : query`and id < ${of.before}`}) approval
    where ${of.state ?? null}::text is null or state = ${of.state ?? null} order by id desc limit ${of.limit}`;

export interface Asking {
  tenant: string;
  grantId: string;
  person: string | null;
  giverVerbs: readonly string[];
  actor: string;
  operation: string;
  app: string | undefined;
  idempotencyKey: string | undefined;
  requestSha256: Buffer;
  shown: Record<string, unknown>;
  why: string;
  beyond: readonly Beyond[];
  input: Record<string, unknown>;
}

/** What is asked goes on from another one, or not. */
interface NewApproval extends Asking {
  id: string;
  approvedBefore: readonly Given[];
}

const insertApproval = async (query: Query, sealing: Sealing, it: NewApproval): Promise<ApprovalRow> => {
  const { id, tenant } = it;
  const { keyId, sealed } = sealing.seal(JSON.stringify(it.input), place(it));
  const [made] = await query<ApprovalRow[]>`
    insert into approvals (id, tenant, grant_id, person, giver_verbs, actor, operation, app, idempotency_key, request_sha256, shown, why, beyond, approved_before,
      sealed, key_id, expires_at)
    values (${id}, ${tenant}, ${it.grantId}, ${it.person}, ${[...it.giverVerbs]}, ${it.actor}, ${it.operation}, ${it.app ?? null}, ${it.idempotencyKey ?? null},
      ${it.requestSha256}, ${json(query, it.shown)}, ${it.why}, ${json(query, it.beyond)}, ${json(query, it.approvedBefore)}, ${sealed}, ${keyId},
      ${new Date(Date.now() + limit("approvalMs"))})
    returning ${columns(query)}`;
  if (!made) throw new Error("The approval is not there.");
  await announce(query, { tenant, topic: "approval.asked", subject: id, data: toShown(made) });
  return made;
};

/** That of the same key; else the newest of the same request that has not ended, or whose end the asker has not been told. */
const known = async (query: Query, { grantId, idempotencyKey: key, requestSha256 }: Asking): Promise<ApprovalRow | undefined> => {
  const [ofKey] = await query<ApprovalRow[]>`
    select ${columns(query)} from approvals where grant_id = ${grantId} and (idempotency_key = ${key ?? null} or collected_key = ${key ?? null}) order by id desc limit 1`;
  if (ofKey && !ofKey.requestSha256.equals(requestSha256)) throw new SlipError("idempotency_mismatch");
  if (ofKey) return ofKey;
  const [ofRequest] = await query<ApprovalRow[]>`
    select ${columns(query)} from approvals where grant_id = ${grantId} and request_sha256 = ${requestSha256} and collected_at is null order by id desc limit 1`;
  return ofRequest?.state === "expired" ? undefined : ofRequest;
};

/** The approval that this request has already, or a new one. Runs in a transaction: the same request makes one, however often it comes at once. */
export const ensureApproval = async (query: Query, sealing: Sealing, it: Asking): Promise<ApprovalRow> => {
  await query`select id from grants where id = ${it.grantId} for update`;
  const before = await known(query, it);
  if (before) return before;
  const [pending] = await query<{ count: number }[]>`
    select count(*)::int as count from approvals where grant_id = ${it.grantId} and state = 'pending' and expires_at > now()`;
  if ((pending?.count ?? 0) >= limit("approvalsPending"))
    throw new SlipError("forbidden", `${limit("approvalsPending")} approvals of this token wait for a person already.`, {
      next: "Wait until some are decided.",
    });
  if (JSON.stringify(it.input).length > limit("approvalBytes")) throw new SlipError("too_large", "The input is too large to be kept for an approval.");
  return insertApproval(query, sealing, { ...it, id: newId("apv"), approvedBefore: [] });
};

/**
 * Ends one that was approved and is beyond its grant in something else, and asks for that, in place of it: whoever asks the same again finds the
 * new one. It counts against no limit, as a person has let it go on. Undefined where it has ended already. Runs in a transaction.
 */
export const continueApproval = async (
  query: Query,
  sealing: Sealing,
  row: ApprovalRow,
  it: Pick<Asking, "beyond" | "why" | "input" | "shown" | "app">,
): Promise<ApprovalRow | undefined> => {
  const id = newId("apv");
  const ended = await query`
    update approvals set state = 'continued', continued_by = ${id}, sealed = null, key_id = null, ended_at = now(), collected_at = coalesce(collected_at, now())
    where id = ${row.id} and state = 'approved' returning id`;
  if (ended.length === 0) return undefined;
  return insertApproval(query, sealing, { ...row, ...it, idempotencyKey: row.idempotencyKey ?? undefined, id, approvedBefore: givenIn(row) });
};

/** Whether what was approved is made already: what is begun again only joins that. */
export const isMadeBy = async (query: Query, id: string): Promise<boolean> =>
  (await query`select 1 from journal where approval = ${id} union all select 1 from plans where applied_key = ${id}`).length > 0;

/** The asker was told of its end. */
export const noteCollected = async (query: Query, id: string, key: string | undefined): Promise<void> => {
  await query`update approvals set collected_at = now(), collected_key = ${key ?? null} where id = ${id} and collected_at is null`;
};

/** Decides one that waits for it. False when it does not any more. */
export const decideApproval = async (query: Query, of: { tenant: string; id: string; by: string; state: "approved" | "denied" }): Promise<boolean> => {
  const rows = await query`
    update approvals set state = ${of.state}, decided_by = ${of.by},
      ended_at = case when ${of.state} = 'denied' then now() end, sealed = case when ${of.state} = 'denied' then null else sealed end,
      key_id = case when ${of.state} = 'denied' then null else key_id end
    where tenant = ${of.tenant} and id = ${of.id} and state = 'pending' and expires_at > now() returning id`;
  return rows.length > 0;
};

export const approvedIds = async (query: Query): Promise<{ tenant: string; id: string }[]> =>
  query<{ tenant: string; id: string }[]>`select tenant, id from approvals where state = 'approved' order by id`;

/** Its answer takes the place of its input. */
export const endApproval = async (query: Query, sealing: Sealing, of: { tenant: string; id: string; output?: unknown; failure?: Failure }): Promise<void> => {
  const { keyId, sealed } = of.output === undefined ? { keyId: null, sealed: null } : sealing.seal(JSON.stringify(of.output), place(of));
  await query`
    update approvals set state = ${of.failure ? "failed" : "done"}, sealed = ${sealed}, key_id = ${keyId},
      failure = ${of.failure ? json(query, of.failure) : null}, ended_at = now()
    where id = ${of.id} and state = 'approved'`;
};

/** What a person may still give: the grant, where it was not revoked and has not ended. */
export const livingGrant = async (query: Query, id: string): Promise<boolean> =>
  (await query`select id from grants where id = ${id} and revoked_at is null and coalesce((terms->>'expiresAt')::timestamptz, 'infinity') > now()`).length > 0;

export const trimApprovals = async (query: Query): Promise<void> => {
  await query`update approvals set state = 'expired', sealed = null, key_id = null, ended_at = now() where state = 'pending' and expires_at <= now()`;
  await query`delete from approvals where ended_at < ${new Date(Date.now() - limit("approvalKeptMs"))}`;
};

/** Seals some anew that another key than `keyId` sealed; gives how many. Runs in a transaction. */
export const resealApprovals = async (query: Query, sealing: Sealing, keyId: string, batch = 100): Promise<number> => {
  const rows = await query<{ id: string; tenant: string; sealed: Buffer; keyId: string }[]>`
    select id, tenant, sealed, key_id from approvals where key_id <> ${keyId} order by id limit ${batch} for update`;
  for (const row of rows) {
    const anew = sealing.seal(sealing.open(row, place(row)), place(row));
    await query`update approvals set sealed = ${anew.sealed}, key_id = ${anew.keyId} where id = ${row.id}`;
  }
  return rows.length;
};
