// Asks for approvals, and does what was approved: once, also where control dies on the way.

import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Beyond } from "@slipstream/contract/access.ts";
import { isErrorCode, SlipError } from "@slipstream/contract/errors.ts";
import type { OperationName } from "@slipstream/contract/operations/registry.ts";
import { isConnectionError } from "#platform/database.ts";
import { stillBeyond, whyOf } from "../access/beyond.ts";
import { BeyondGrant } from "../access/beyond-grant.ts";
import { roleOf } from "../access/people-store.ts";
import { tokenOf } from "../access/token.ts";
import { termsOf } from "../access/token-store.ts";
import type { Call } from "../api/call.ts";
import type { Control } from "../control.ts";
import { AlreadyJournaled } from "../journal/journal-store.ts";
import { issuerOf, paths } from "../oauth/oauth.ts";
import { type ApprovalRow, type Failure, givenIn, isEnd, liftedBy, neededError, shownInput } from "./approval.ts";
import {
  type Asking,
  approvalIn,
  approvedIds,
  continueApproval,
  endApproval,
  ensureApproval,
  isMadeBy,
  noteCollected,
  openApproval,
} from "./approval-store.ts";

const lookAgainMs = 500;
/** Who asks again while it is being done gets the answer, when that takes no longer. */
const joinMs = 30_000;

/** Does an operation for a call that was approved. Throws `BeyondGrant`, before it changes anything, where it is beyond the grant in something else. */
export type Act = (call: Call, name: OperationName, input: Record<string, unknown>) => Promise<unknown>;

export interface Needed {
  name: OperationName;
  input: Record<string, unknown>;
  beyond: readonly Beyond[];
  requestSha256: Buffer;
  /** Of a plan: what it does, which a person sees as whole as what is asked without one. */
  does?: { name: OperationName; input: Record<string, unknown> };
}

/** The page where a person decides it. */
const approvalUrl = ({ installation }: Pick<Control, "installation">, id: string): string => `${issuerOf(installation)}${paths.approvals}/${id}`;

/** What is asked, as a person sees it and as it is done. */
const askedFor = (name: OperationName, input: Record<string, unknown>, beyond: readonly Beyond[]) => ({
  app: typeof input.app === "string" ? input.app : undefined,
  shown: shownInput(name, input),
  why: whyOf(beyond),
  beyond,
  input,
});

/** Who asks. */
export type Asker = Pick<Asking, "tenant" | "grantId" | "person" | "giverVerbs" | "actor" | "idempotencyKey">;

const askerOf = ({ token, tenant, actor, idempotencyKey }: Call): Asker => ({
  tenant,
  grantId: token.grantId ?? "",
  person: token.person,
  giverVerbs: token.giverVerbs,
  actor,
  idempotencyKey,
});

const asking = (asker: Asker, { name, input, beyond, requestSha256, does }: Needed): Asking => {
  const asked = askedFor(name, input, beyond);
  const shown = does === undefined ? asked.shown : { ...asked.shown, operation: does.name, input: shownInput(does.name, does.input) };
  return { ...asker, ...asked, shown, operation: name, requestSha256 };
};

/** Waits until it has ended, the time is over or the signal aborts; gives it as it is then. */
export const untilEnd = async (
  control: Control,
  of: { tenant: string; id: string },
  until: { timeoutMs: number; signal: AbortSignal },
): Promise<ApprovalRow | undefined> => {
  const end = performance.now() + until.timeoutMs;
  for (;;) {
    const changed = new AbortController();
    const stop = control.changes.subscribe(of.id, () => changed.abort());
    try {
      const row = await approvalIn(control.database, of.tenant, of.id);
      const leftMs = end - performance.now();
      if (!row || isEnd(row.state) || leftMs <= 0) return row;
      await sleep(Math.min(lookAgainMs, leftMs), undefined, { signal: AbortSignal.any([changed.signal, until.signal]) }).catch(() => undefined);
      until.signal.throwIfAborted();
    } finally {
      stop();
    }
  }
};

/** The one with which it goes on, where it was continued. */
const newest = async (control: Control, row: ApprovalRow): Promise<ApprovalRow> => {
  const next = row.continuedBy === null ? undefined : await approvalIn(control.database, row.tenant, row.continuedBy);
  return next === undefined ? row : newest(control, next);
};

const failureOf = ({ failure }: ApprovalRow): SlipError => {
  const { code = "internal", message = "It failed.", next = "" } = failure ?? {};
  return new SlipError(isErrorCode(code) ? code : "internal", message, { next });
};

const answerLost = (): SlipError =>
  new SlipError("conflict", "It was approved and done, and its answer was lost when the platform died on the way.", {
    next: "Look at it with 'slip journal'.",
  });

/** Throws what its asker is told of one that was not, or not yet, approved and done; and notes that they were told of its end. */
const expectDone = async (control: Control, row: ApprovalRow, key: string | undefined): Promise<void> => {
  if (row.state === "expired") throw new SlipError("approval_denied", "Nobody decided it in time.", { next: "Ask again with another idempotency key." });
  if (!isEnd(row.state)) throw neededError(row, approvalUrl(control, row.id));
  await noteCollected(control.database, row.id, key);
  if (row.state === "denied") throw new SlipError("approval_denied", `${row.decidedBy} said no to it.`);
  if (row.state === "failed") throw failureOf(row);
};

const answerOf = (control: Control, row: ApprovalRow): unknown => {
  const output = openApproval(control.sealing, row);
  if (output === undefined) throw answerLost();
  return output;
};

const failed = (error: unknown): Failure => {
  const told = error instanceof SlipError ? error : new SlipError("internal");
  return { code: told.code, message: told.message, next: told.next };
};

export class Approvals {
  readonly #underWay = new Set<string>();
  #act: Act | undefined;

  /** What does the operations; given once there is a gate. */
  actWith(act: Act): void {
    this.#act = act;
  }

  /** The answer of what was approved. Throws `approval_needed` until it is, `approval_denied`, or as the operation does. */
  async ask(control: Control, call: Call, needed: Needed): Promise<unknown> {
    const { tenant, signal, idempotencyKey } = call;
    const asked = await control.database.begin((query) => ensureApproval(query, control.sealing, asking(askerOf(call), needed)));
    const ended = asked.state === "approved" ? ((await untilEnd(control, { tenant, id: asked.id }, { timeoutMs: joinMs, signal })) ?? asked) : asked;
    const row = await newest(control, ended);
    // What comes of it is journaled where it is done.
    call.journaled = true;
    await expectDone(control, row, idempotencyKey);
    return answerOf(control, row);
  }

  /** Returns where it was approved and done, and its asker has not been told of that yet; else throws as `ask`, and waits for nothing. */
  async expect(control: Control, asker: Asker, needed: Needed): Promise<void> {
    const asked = await control.database.begin((query) => ensureApproval(query, control.sealing, asking(asker, needed)));
    await expectDone(control, await newest(control, asked), asker.idempotencyKey);
  }

  /** Begins what was approved, where it is not under way. What PostgreSQL could not take is tried again by `resume`. */
  begin(control: Control, of: { tenant: string; id: string }): void {
    if (this.#underWay.has(of.id)) return;
    this.#underWay.add(of.id);
    void this.#do(control, of)
      .catch((error: unknown) => control.log.warn("what was approved is done later", { approval: of.id, error: String(error) }))
      .finally(() => {
        this.#underWay.delete(of.id);
        control.changes.emit(of.id);
      });
  }

  /** What was approved and not done when control died is begun now. */
  async resume(control: Control): Promise<void> {
    for (const of of await approvedIds(control.database)) this.begin(control, of);
  }

  async #do(control: Control, { tenant, id }: { tenant: string; id: string }): Promise<void> {
    const row = await approvalIn(control.database, tenant, id);
    if (row?.state !== "approved" || !this.#act) return;
    const { database, sealing } = control;
    try {
      const input = openApproval(sealing, row) as Record<string, unknown>;
      const output = await this.#act(await behalf(control, row), row.operation, input);
      await endApproval(database, sealing, { tenant, id, output });
    } catch (error) {
      if (isConnectionError(error)) throw error;
      if (error instanceof AlreadyJournaled) return endApproval(database, sealing, { tenant, id });
      if (error instanceof BeyondGrant && (await goesOn(control, row, error))) return;
      if (!(error instanceof SlipError)) control.log.error("what was approved failed with a defect", error, { approval: id });
      await endApproval(database, sealing, { tenant, id, failure: failed(error) });
    }
  }
}

/** Asks for what nobody has approved yet. False where that is nothing, which would be asked without an end. */
const goesOn = async ({ database, sealing }: Control, row: ApprovalRow, { beyond, input }: BeyondGrant): Promise<boolean> => {
  const more = stillBeyond(beyond, liftedBy(givenIn(row)).lifts);
  if (more.length === 0) return false;
  const kept = input ?? (openApproval(sealing, row) as Record<string, unknown>);
  const asked = askedFor(row.operation, kept, more);
  const shown = row.operation === "plans.apply" ? row.shown : asked.shown;
  await database.begin((query) => continueApproval(query, sealing, row, { ...asked, shown }));
  return true;
};

/**
 * The call of the platform for the asker: what their giver may do, within their grant but for what was approved. The key makes it one, however
 * often it is begun; what is made already is joined, whatever was used up of the grant since.
 */
export const behalf = async ({ database }: Pick<Control, "database">, row: ApprovalRow): Promise<Call> => {
  const { id, tenant, actor, person, giverVerbs: verbs, grantId } = row;
  const role = person === null ? null : await roleOf(database, tenant, person);
  const terms = (await isMadeBy(database, id)) ? null : await termsOf(database, grantId);
  const token = tokenOf({ id: grantId, tenant, actor, kind: "plain", person, role, sha256: Buffer.alloc(0), verbs, grantId, terms, expiresAt: null });
  const approved = { id, ...liftedBy(givenIn(row)) };
  const never = new AbortController().signal;
  return { tenant, actor, token, requestId: id, idempotencyKey: id, signal: never, body: Readable.from([]), journaled: false, approved };
};
