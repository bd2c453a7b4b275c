import { SlipError } from "@slipstream/contract/errors.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type OutputOf, operations } from "@slipstream/contract/operations/registry.ts";
import { capsOf, isBounded } from "../access/caps.ts";
import { decide } from "../access/decide.ts";
import { subjectOf } from "../access/subject.ts";
import { mayDo } from "../access/token.ts";
import type { Call, Handlers } from "../api/call.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import { type ApprovalRow, isEnd, toShown } from "./approval.ts";
import { approvalIn, approvalsOf, decideApproval, livingGrant, openApproval } from "./approval-store.ts";
import { untilEnd } from "./approvals.ts";

type Approval = OutputOf<"approvals.get">;

const isAsker = ({ token }: Call, row: ApprovalRow): boolean => token.grantId !== null && token.grantId === row.grantId;

/** Those who administer decide, and whose grant it is: with a token that has no grant itself. */
const mayDecide = ({ token }: Call, row: ApprovalRow): boolean =>
  mayDo(token, "administer") || (token.grant === undefined && token.person !== null && token.person === row.person);

const maySee = (call: Call, row: ApprovalRow): boolean => isAsker(call, row) || mayDecide(call, row);

const toApproval = ({ sealing }: Control, call: Call, row: ApprovalRow): Approval => {
  const output = row.state === "done" && isAsker(call, row) ? openApproval(sealing, row) : undefined;
  return {
    ...toShown(row),
    ...(row.decidedBy === null ? {} : { decidedBy: row.decidedBy }),
    ...(row.continuedBy === null ? {} : { continuedBy: row.continuedBy }),
    ...(output === undefined ? {} : { output }),
    ...(row.failure === null ? {} : { failure: row.failure }),
  };
};

const notFound = (id: string): SlipError => new SlipError("not_found", `There is no approval ${id}.`, { next: "List them with 'slip approvals'." });

const find = async (control: Control, call: Call, id: string): Promise<ApprovalRow> => {
  const row = await approvalIn(control.database, call.tenant, id);
  if (!row || !maySee(call, row)) throw notFound(id);
  return row;
};

/** What slip.toml asks for within the asker's grant can be more than that of who approves: who is bounded themselves approves no deployment of a source. */
const isBeyond = ({ token }: Call, { operation }: ApprovalRow): boolean =>
  (operation === "deployments.create" || operation === "plans.apply") && isBounded(capsOf(token.grant));

/** Throws unless the caller may decide it; to approve, they must be allowed to do it themselves. */
const check = async (control: Control, call: Call, row: ApprovalRow, isApproval: boolean): Promise<void> => {
  if (isEnd(row.state) || row.state === "approved") throw new SlipError("conflict", `The approval ${row.id} is ${row.state} already.`);
  if (!mayDecide(call, row)) throw new SlipError("forbidden", "A token cannot approve what it has asked for itself.", { next: "Let a person decide it." });
  if (!isApproval) return;
  if (!(await livingGrant(control.database, row.grantId))) throw new SlipError("conflict", "The token that asked does not work any more.");
  const operation: Operation = operations[row.operation];
  const input = openApproval(control.sealing, row) as Record<string, unknown>;
  const { kind } = decide(call.token, operation, await subjectOf(control.database, call, row.operation, operation, input));
  if (kind !== "allowed" || isBeyond(call, row))
    throw new SlipError("forbidden", "Only who may do this themselves can approve it.", { next: "Let an owner decide it." });
};

const settle = async (control: Control, call: Call, id: string, state: "approved" | "denied"): Promise<Approval> => {
  const row = await find(control, call, id);
  await check(control, call, row, state === "approved");
  await control.database.begin(async (query) => {
    if (!(await decideApproval(query, { tenant: call.tenant, id, by: call.actor, state })))
      throw new SlipError("conflict", `The approval ${id} was decided by somebody else at the same time.`);
    await journal(query, call, {
      operation: state === "approved" ? "approvals.approve" : "approvals.deny",
      ...(row.app === null ? {} : { app: row.app }),
      input: { approval: id, operation: row.operation, askedBy: row.actor },
    });
  });
  if (state === "approved") control.approvals.begin(control, row);
  control.changes.emit(id);
  return toApproval(control, call, (await approvalIn(control.database, call.tenant, id)) ?? row);
};

type Names = "approvals.list" | "approvals.get" | "approvals.wait" | "approvals.approve" | "approvals.deny";

export const approvalOperations = (control: Control): Pick<Handlers, Names> => ({
  async "approvals.list"(page, call) {
    const seesAll = mayDo(call.token, "administer");
    const rows = await approvalsOf(control.database, call.tenant, {
      ...(seesAll ? {} : call.token.grant === undefined ? { person: call.token.person } : { grantId: call.token.grantId }),
      ...page,
    });
    return { approvals: rows.map((row) => toApproval(control, call, row)) };
  },

  async "approvals.get"({ approval }, call) {
    return toApproval(control, call, await find(control, call, approval));
  },

  async "approvals.wait"({ approval, timeoutMs }, call) {
    const { tenant, id } = await find(control, call, approval);
    const row = await untilEnd(control, { tenant, id }, { timeoutMs, signal: call.signal });
    if (!row) throw notFound(approval);
    return toApproval(control, call, row);
  },

  "approvals.approve": ({ approval }, call) => settle(control, call, approval, "approved"),
  "approvals.deny": ({ approval }, call) => settle(control, call, approval, "denied"),
});
