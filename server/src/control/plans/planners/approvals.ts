// What deciding an approval would do: to approve it does what was asked, so that is part of the plan.
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";
import type { PlanChange } from "@slipstream/contract/plan.ts";
import { whyOf } from "../../access/beyond.ts";
import type { JsonName } from "../../api/call.ts";
import { type ApprovalRow, stateOfApproval } from "../../approvals/approval.ts";
import { checkDecision, findApproval, type Verdict } from "../../approvals/decision.ts";
import { type Asked, readAsked, stateOfAsked } from "../asked.ts";
import { change } from "../diff.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { type AnyPlanner, type Applying, planner, type Reading } from "../planner.ts";

export interface DecisionRows {
  fingerprint: Fingerprint;
  row: ApprovalRow;
}
export interface ApproveRows extends DecisionRows {
  asked: Asked;
}

/** Throws where the decision itself would be refused. */
const readApproval = async ({ control: { database, sealing }, call }: Reading, id: string, verdict: Verdict): Promise<ApprovalRow> => {
  const row = await findApproval(database, call, id);
  await checkDecision(database, call, { row, verdict, sealing });
  return row;
};

const askedText = ({ operation, shown }: ApprovalRow): string => `${operation} ${JSON.stringify(shown)}`;

/** Beyond what the token that asked may do, and for this call alone. */
const liftedText = ({ beyond, approvedBefore }: ApprovalRow): string => whyOf([...approvedBefore.flatMap((given) => given.beyond), ...beyond]);

const approved = (row: ApprovalRow): PlanChange[] => [
  ...change(`approval ${row.id}`, "pending", "approved"),
  ...change("done once", undefined, askedText(row)),
  ...change("asked by", undefined, row.actor),
  ...change("lifted for it", undefined, liftedText(row)),
];

const again = ({ perform, call }: Applying, { approval }: { approval: string }) => perform(call, "approvals.get", { approval });

const deny = planner<"approvals.deny", DecisionRows>({
  async read(reading, { approval }) {
    const row = await readApproval(reading, approval, "denied");
    return { row, fingerprint: stateOfApproval(row) };
  },
  plan: (_, { row }) => ({
    changes: [...change(`approval ${row.id}`, "pending", "denied"), ...change("asked", askedText(row), undefined)],
    interrupts: [{ what: `what ${row.actor} has asked for`, why: `It is refused, and not done. ${liftedText(row)}` }],
    quota: [],
  }),
  again,
});

/** `plannerOf` gives the planner of what was asked; it throws `not_plannable`. */
export const approvalPlanners = (plannerOf: (name: string) => { name: JsonName; planner: AnyPlanner }) => ({
  "approvals.approve": planner<"approvals.approve", ApproveRows>({
    async read(reading, { approval }) {
      const row = await readApproval(reading, approval, "approved");
      const asked = await readAsked(plannerOf, reading, row);
      return { row, asked, fingerprint: { ...stateOfApproval(row), ...stateOfAsked(asked) } };
    },
    plan(_, { row, asked }) {
      const { effect }: Operation = operations[row.operation];
      const head = { changes: approved(row), interrupts: [], quota: [], effect: effect === "destroy" ? effect : ("write" as const) };
      switch (asked.kind) {
        case "gone":
          return head;
        case "refused":
          return { ...head, changes: [...head.changes, ...change("what it would do", undefined, `nothing: ${asked.why}`)] };
        case "planned": {
          const { changes, interrupts, quota, inverse } = asked.planned;
          return { changes: [...head.changes, ...changes], interrupts, quota, ...(inverse ? { inverse } : {}), effect: asked.effect };
        }
      }
    },
    again,
  }),
  "approvals.deny": deny,
});
