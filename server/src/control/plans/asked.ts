// What was asked beyond a grant, as it would be done now: for the asker, with what the approval lifts.
import { createHash } from "node:crypto";
import { SlipError } from "@slipstream/contract/errors.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";
import type { Plan } from "@slipstream/contract/plan.ts";
import type { JsonName } from "../api/call.ts";
import { parseInput } from "../api/parse.ts";
import type { ApprovalRow } from "../approvals/approval.ts";
import { openApproval } from "../approvals/approval-store.ts";
import { behalf } from "../approvals/approvals.ts";
import { type Fingerprint, movedBetween } from "./fingerprint.ts";
import { fingerprintOfName } from "./fingerprint-store.ts";
import { noPlan, stale, toPlan } from "./plan.ts";
import { planIn } from "./plan-store.ts";
import type { AnyPlanner, Planned, Reading } from "./planner.ts";

export type Asked =
  | { kind: "planned"; planned: Pick<Planned, "changes" | "interrupts" | "quota" | "inverse">; effect: Plan["effect"]; fingerprint: Fingerprint }
  /** It would be refused as it stands. */
  | { kind: "refused"; why: string }
  /** The approval is decided, and what was asked is kept no more. */
  | { kind: "gone" };

type PlannerOf = (name: string) => { name: JsonName; planner: AnyPlanner };

/** A plan that is to be applied shows what it has shown to who asked. Throws where it cannot be applied any more. */
const askedPlan = async ({ control: { database } }: Reading, tenant: string, id: string): Promise<Asked> => {
  const row = await planIn(database, tenant, id);
  if (!row) throw noPlan(id);
  const { state, effect } = toPlan(row, new Date());
  if (state !== "open") return { kind: "refused", why: `The plan ${id} is ${state}.` };
  const moved = row.app === null ? [] : movedBetween(row.fingerprint, await fingerprintOfName(database, tenant, row.app));
  if (moved.length > 0) throw stale(row, moved);
  return { kind: "planned", planned: row.shown, effect, fingerprint: { [`plan ${id}`]: state } };
};

const askedOperation = async (plannerOf: PlannerOf, reading: Reading, row: ApprovalRow, raw: Record<string, unknown>): Promise<Asked> => {
  const { name, planner } = plannerOf(row.operation);
  const input = parseInput(operations[name], raw);
  const rows = await planner.read({ ...reading, call: await behalf(reading.control, row) }, input as never);
  const planned = planner.plan(input as never, rows);
  const effect = planned.effect ?? (operations[planned.within?.operation ?? name].effect as Plan["effect"]);
  return { kind: "planned", planned, effect, fingerprint: rows.fingerprint };
};

/** `plannerOf` throws `not_plannable`. */
export const readAsked = async (plannerOf: PlannerOf, reading: Reading, row: ApprovalRow): Promise<Asked> => {
  if (row.state !== "pending") return { kind: "gone" };
  const input = openApproval(reading.control.sealing, row) as Record<string, unknown>;
  try {
    return await (row.operation === "plans.apply" ? askedPlan(reading, row.tenant, String(input.plan)) : askedOperation(plannerOf, reading, row, input));
  } catch (error) {
    if (error instanceof SlipError) return { kind: "refused", why: error.message };
    throw error;
  }
};

const hashOf = (fingerprint: Fingerprint): string =>
  createHash("sha256")
    .update(JSON.stringify(Object.entries(fingerprint).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest("hex");

/** What plans of an approval remember of it. Pure. */
export const stateOfAsked = (asked: Asked): Fingerprint => {
  if (asked.kind === "gone") return {};
  return { "what it would do": asked.kind === "refused" ? `nothing: ${asked.why}` : `#${hashOf(asked.fingerprint)}` };
};
