// What the rights of who plans say of the operation that is planned.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";
import type { PlanPolicy } from "@slipstream/contract/plan.ts";
import type { Query } from "#platform/database.ts";
import { beyondCaps, capsOf, type Wished } from "../access/caps.ts";
import { decide } from "../access/decide.ts";
import { subjectOf } from "../access/subject.ts";
import { mayDo } from "../access/token.ts";
import type { Call, JsonName } from "../api/call.ts";

/** Throws `forbidden` where the operation itself would: a plan asks for no more, and no less. */
export const policyOf = async (query: Query, call: Call, name: JsonName, input: Record<string, unknown>): Promise<PlanPolicy> => {
  const operation: Operation = operations[name];
  const decision = decide(call.token, operation, await subjectOf(query, call, name, operation, input));
  switch (decision.kind) {
    case "allowed":
      return { allowed: true };
    case "needs_approval":
      // A plan shows what there is: who may neither do it nor read that is shown nothing.
      if (!mayDo(call.token, "read")) throw new SlipError("forbidden", decision.why);
      return { allowed: false, needsApproval: true, why: decision.why };
    case "forbidden":
      throw new SlipError("forbidden", decision.why);
    case "hidden":
      throw new SlipError("not_found");
  }
};

/** Of two that must both allow it. Pure. */
export const stricter = (one: PlanPolicy, other: PlanPolicy): PlanPolicy => (one.allowed ? other : one);

/** The same, where what is planned is within what the caller's grant allows of memory and instances; else a person is asked. */
export const withinCaps = (policy: PlanPolicy, { token }: Call, wished: Wished | undefined): PlanPolicy => {
  const beyond = policy.allowed && wished !== undefined ? beyondCaps(capsOf(token.grant), wished) : undefined;
  return beyond ? { allowed: false, needsApproval: true, why: beyond.why } : policy;
};
