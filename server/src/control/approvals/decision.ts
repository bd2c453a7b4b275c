// Who may decide what was asked beyond a grant, and what is to be known for it.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import type { Query } from "#platform/database.ts";
import { capsOf, isBounded } from "../access/caps.ts";
import { decide } from "../access/decide.ts";
import { subjectOf } from "../access/subject.ts";
import { mayDo } from "../access/token.ts";
import type { Call } from "../api/call.ts";
import type { Sealing } from "../secrets/sealing.ts";
import { type ApprovalRow, isEnd } from "./approval.ts";
import { approvalIn, livingGrant, openApproval } from "./approval-store.ts";
import { type Deed, deedsOf } from "./deed.ts";

export const isAsker = ({ token }: Call, row: ApprovalRow): boolean => token.grantId !== null && token.grantId === row.grantId;

/** Those who administer decide, and whose grant it is: with a token that has no grant itself. */
const mayDecide = ({ token }: Call, row: ApprovalRow): boolean =>
  mayDo(token, "administer") || (token.grant === undefined && token.person !== null && token.person === row.person);

const maySee = (call: Call, row: ApprovalRow): boolean => isAsker(call, row) || mayDecide(call, row);

export const noApproval = (id: string): SlipError => new SlipError("not_found", `There is no approval ${id}.`, { next: "List them with 'slip approvals'." });

/** Throws `not_found`, also for one that the caller may not see. */
export const findApproval = async (query: Query, call: Call, id: string): Promise<ApprovalRow> => {
  const row = await approvalIn(query, call.tenant, id);
  if (!row || !maySee(call, row)) throw noApproval(id);
  return row;
};

/** What asks for memory and instances by a slip.toml, of a source or of a release. */
const bySlipToml: readonly OperationName[] = ["deployments.create", "releases.rollback", "apps.restore", "plans.apply"];

/** What slip.toml asks for within the asker's grant can be more than that of who approves: who is bounded themselves approves nothing that goes by one. */
const isBeyond = ({ token }: Call, { operation }: ApprovalRow): boolean => bySlipToml.includes(operation) && isBounded(capsOf(token.grant));

const isAllowed = async (query: Query, call: Call, { name, input }: Deed): Promise<boolean> => {
  const operation: Operation = operations[name];
  return decide(call.token, operation, await subjectOf(query, call, name, operation, input)).kind === "allowed";
};

export type Verdict = "approved" | "denied";

export interface Deciding {
  row: ApprovalRow;
  verdict: Verdict;
  sealing: Sealing;
}

/** Throws unless the caller may decide it; to approve, they must be allowed to do it themselves. */
export const checkDecision = async (query: Query, call: Call, { row, verdict, sealing }: Deciding): Promise<void> => {
  if (isEnd(row.state) || row.state === "approved") throw new SlipError("conflict", `The approval ${row.id} is ${row.state} already.`);
  if (!mayDecide(call, row)) throw new SlipError("forbidden", "A token cannot approve what it has asked for itself.", { next: "Let a person decide it." });
  if (verdict === "denied") return;
  if (!(await livingGrant(query, row.grantId))) throw new SlipError("conflict", "The token that asked does not work any more.");
  const deed = { name: row.operation, input: openApproval(sealing, row) as Record<string, unknown> };
  const deeds = await deedsOf(query, { tenant: call.tenant, sealing, deed });
  const mayDoAll = (await Promise.all(deeds.map((each) => isAllowed(query, call, each)))).every(Boolean);
  if (!mayDoAll || isBeyond(call, row))
    throw new SlipError("forbidden", "Only who may do this themselves can approve it.", { next: "Let an owner decide it." });
};
