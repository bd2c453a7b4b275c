import { z } from "zod";
import { Plan } from "../plan.ts";
import { AppName, PlanId } from "../words.ts";
import { Hash } from "./access.ts";
import { operation } from "./operation.ts";
import { pageOf } from "./page.ts";

const byId = z.object({ plan: PlanId });

export const plans = {
  "plans.create": operation({
    name: "plans.create",
    summary: "Say what an operation would do, and change nothing: a diff, what could be interrupted, what policy and limits say.",
    method: "POST",
    path: "/v1/plans",
    input: z.object({
      operation: z.string().max(64).describe("The operation to plan, by its name."),
      input: z
        .record(z.string(), z.unknown())
        .default({})
        .describe("Its input, as it would be sent to it; the hash of a token, an invitation or a code may be left to who applies it."),
    }),
    output: Plan,
    permission: "anybody",
    effect: "write",
    notPlanned: "It is planning itself.",
    errors: ["invalid_input", "forbidden", "not_found", "conflict", "not_plannable", "too_large"],
  }),
  "plans.list": operation({
    name: "plans.list",
    summary: "List the plans, newest first.",
    method: "GET",
    path: "/v1/plans",
    input: z.object({ app: AppName.optional(), ...pageOf(PlanId, 200) }),
    output: z.object({ plans: z.array(Plan) }),
    permission: "read",
    effect: "read",
    errors: [],
  }),
  "plans.get": operation({
    name: "plans.get",
    summary: "Show one plan.",
    method: "GET",
    path: "/v1/plans/{plan}",
    input: byId,
    output: Plan,
    permission: "read",
    effect: "read",
    errors: ["not_found"],
  }),
  "plans.apply": operation({
    name: "plans.apply",
    summary: "Do what was planned, or nothing at all when what the plan was made of has changed since.",
    method: "POST",
    path: "/v1/plans/{plan}/apply",
    input: byId.extend({
      sha256: Hash.optional().describe("Where the plan asks for it: the SHA-256 of the secret that it lets in, which only its maker has seen."),
    }),
    output: z.object({
      plan: PlanId,
      operation: z.string(),
      output: z.record(z.string(), z.unknown()).describe("What the operation itself answers."),
    }),
    permission: "anybody",
    effect: "destroy",
    notPlanned: "It does what was planned already.",
    errors: ["invalid_input", "not_found", "forbidden", "plan_stale", "plan_expired", "plan_applied"],
  }),
};
