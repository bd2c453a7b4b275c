import { SlipError } from "@slipstream/contract/errors.ts";
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import { mayDo } from "../access/token.ts";
import type { Call, Handlers } from "../api/call.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import { readAsked, stateOfAsked } from "../plans/asked.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";
import { plannerOf } from "../plans/planners.ts";
import { readingOf } from "../plans/reading.ts";
import type { SourceStore } from "../sources/source-store.ts";
import { type ApprovalRow, stateOfApproval, toShown } from "./approval.ts";
import { approvalIn, approvalsOf, decideApproval, lockApproval, openApproval } from "./approval-store.ts";
import { untilEnd } from "./approvals.ts";
import { checkDecision, findApproval, isAsker, noApproval, type Verdict } from "./decision.ts";

type Approval = OutputOf<"approvals.get">;

interface Parts {
  control: Control;
  sources: SourceStore;
}

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

/** What the plan of an approval has shown of what it lets be done, as that is now; what is done then asks for itself once more. */
const askedNow = async ({ control, sources }: Parts, call: Call, row: ApprovalRow, verdict: Verdict): Promise<Fingerprint> =>
  call.expects && verdict === "approved" ? stateOfAsked(await readAsked(plannerOf, readingOf(control, sources, call), row)) : {};

const settle = async (parts: Parts, call: Call, id: string, verdict: Verdict): Promise<Approval> => {
  const { control } = parts;
  const { tenant, actor } = call;
  const asked = await askedNow(parts, call, await findApproval(control.database, call, id), verdict);
  const row = await control.database.begin(async (query) => {
    await lockApproval(query, id);
    const row = await findApproval(query, call, id);
    await call.expects?.check(query, { state: () => ({ ...stateOfApproval(row), ...asked }) });
    await checkDecision(query, call, { row, verdict, sealing: control.sealing });
    if (!(await decideApproval(query, { tenant, id, by: actor, state: verdict })))
      throw new SlipError("conflict", `The approval ${id} was decided by somebody else at the same time.`);
    await journal(query, call, {
      operation: verdict === "approved" ? "approvals.approve" : "approvals.deny",
      ...(row.app === null ? {} : { app: row.app }),
      input: { approval: id, operation: row.operation, askedBy: row.actor },
    });
    return row;
  });
  if (verdict === "approved") control.approvals.begin(control, row);
  control.changes.emit(id);
  return toApproval(control, call, (await approvalIn(control.database, tenant, id)) ?? row);
};

type Names = "approvals.list" | "approvals.get" | "approvals.wait" | "approvals.approve" | "approvals.deny";

export const approvalOperations = (control: Control, sources: SourceStore): Pick<Handlers, Names> => ({
  async "approvals.list"(page, call) {
    const seesAll = mayDo(call.token, "administer");
    const rows = await approvalsOf(control.database, call.tenant, {
      ...(seesAll ? {} : call.token.grant === undefined ? { person: call.token.person } : { grantId: call.token.grantId }),
      ...page,
    });
    return { approvals: rows.map((row) => toApproval(control, call, row)) };
  },

  async "approvals.get"({ approval }, call) {
    return toApproval(control, call, await findApproval(control.database, call, approval));
  },

  async "approvals.wait"({ approval, timeoutMs }, call) {
    const { tenant, id } = await findApproval(control.database, call, approval);
    const row = await untilEnd(control, { tenant, id }, { timeoutMs, signal: call.signal });
    if (!row) throw noApproval(approval);
    return toApproval(control, call, row);
  },

  "approvals.approve": ({ approval }, call) => settle({ control, sources }, call, approval, "approved"),
  "approvals.deny": ({ approval }, call) => settle({ control, sources }, call, approval, "denied"),
});
