// What the rights of who plans say of the operation that is planned.
import { SlipError } from "@slipstream/contract/errors.ts";
import { operations } from "@slipstream/contract/operations/registry.ts";
import type { PlanPolicy } from "@slipstream/contract/plan.ts";
import { mayDo } from "../access/token.ts";
import type { Call, JsonName } from "../api/call.ts";

/** Throws `forbidden` where the operation itself would: a plan asks for no more, and no less. */
export const policyOf = ({ token }: Call, name: JsonName): PlanPolicy => {
  const { permission } = operations[name];
  if (!mayDo(token, permission)) throw new SlipError("forbidden", `The token may not ${permission}.`);
  return { allowed: true };
};
