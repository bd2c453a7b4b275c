// What the rights of who plans say of the operation that is planned.
import type { Beyond } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";
import type { PlanPolicy } from "@slipstream/contract/plan.ts";
import type { Query } from "#platform/database.ts";
import { stillBeyond, whyOf } from "../access/beyond.ts";
import { beyondCaps, capsOf, type Wished } from "../access/caps.ts";
import { decide } from "../access/decide.ts";
import { subjectOf } from "../access/subject.ts";
import { mayDo } from "../access/token.ts";
import type { Call, JsonName } from "../api/call.ts";

/** What of it a person has to approve. Throws `forbidden` where the operation itself would: a plan asks for no more, and no less. */
export const beyondGrant = async (query: Query, call: Call, name: JsonName, input: Record<string, unknown>): Promise<readonly Beyond[]> => {
  const operation: Operation = operations[name];
  const decision = decide(call.token, operation, await subjectOf(query, call, name, operation, input));
  switch (decision.kind) {
    case "allowed":
      return [];
    case "needs_approval":
      // A plan shows what there is: who may neither do it nor read that is shown nothing.
      if (!mayDo(call.token, "read")) throw new SlipError("forbidden", whyOf(decision.beyond));
      return decision.beyond;
    case "forbidden":
      throw new SlipError("forbidden", decision.why);
    case "hidden":
      throw new SlipError("not_found");
  }
};

/** `wished`: what the release asks for of memory and instances, where that is known. */
export const policyOf = ({ token }: Call, beyond: readonly Beyond[], wished: Wished | undefined): PlanPolicy => {
  const ofRelease = wished === undefined ? [] : beyondCaps(capsOf(token.grant), wished);
  const all = [...beyond, ...stillBeyond(ofRelease, beyond)];
  return all.length === 0 ? { allowed: true } : { allowed: false, needsApproval: true, why: whyOf(all) };
};
