import { z } from "zod";
import { Beyond } from "../access.ts";
import { limit } from "../limits.ts";
import { AppName, ApprovalId, Timestamp } from "../words.ts";
import { operation } from "./operation.ts";
import { pageOf } from "./page.ts";

/**
 * `pending` waits for a person; `approved` is being done; the others are ends. `continued` was approved, and met another bound of the grant
 * before it changed anything: it goes on with another approval.
 */
export const ApprovalState = z.enum(["pending", "approved", "done", "failed", "denied", "expired", "continued"]);

export const Approval = z.object({
  approval: ApprovalId,
  state: ApprovalState,
  operation: z.string(),
  app: AppName.optional(),
  input: z.record(z.string(), z.unknown()).describe("What was asked, without secrets; long texts are cut."),
  why: z.string().describe("Why the grant does not allow it."),
  beyond: z.array(Beyond).describe("The same, each for itself: an approval lifts just these."),
  approvedBefore: z
    .array(z.object({ by: z.string(), beyond: z.array(Beyond) }))
    .optional()
    .describe("What was approved of the same call before, and stays lifted."),
  askedBy: z.string(),
  decidedBy: z.string().optional(),
  continuedBy: ApprovalId.optional().describe("The approval with which it goes on."),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  output: z.unknown().optional().describe("The answer of the operation; shown to the asker alone."),
  failure: z.object({ code: z.string(), message: z.string(), next: z.string() }).optional(),
});
const byId = z.object({ approval: ApprovalId });

export const approvals = {
  "approvals.list": operation({
    name: "approvals.list",
    summary: "List what was asked beyond a grant: one's own, and for those who administer everybody's; newest first.",
    method: "GET",
    path: "/v1/approvals",
    input: z.object({ state: ApprovalState.optional(), ...pageOf(ApprovalId) }),
    output: z.object({ approvals: z.array(Approval) }),
    permission: "any",
    effect: "read",
    errors: [],
  }),
  "approvals.get": operation({
    name: "approvals.get",
    summary: "Show one approval, and to the asker the answer of what was approved.",
    method: "GET",
    path: "/v1/approvals/{approval}",
    input: byId,
    output: Approval,
    permission: "any",
    effect: "read",
    errors: ["not_found"],
  }),
  "approvals.wait": operation({
    name: "approvals.wait",
    summary: "Wait until an approval has come to its end, or until the time is over; answers as it is then.",
    method: "GET",
    path: "/v1/approvals/{approval}/wait",
    input: byId.extend({ timeoutMs: z.coerce.number().int().min(0).max(limit("approvalWaitMs")).default(30_000) }),
    output: Approval,
    permission: "any",
    effect: "read",
    errors: ["not_found"],
  }),
  "approvals.approve": operation({
    name: "approvals.approve",
    summary: "Let the platform do, once, what was asked; for who may do it themselves.",
    method: "POST",
    path: "/v1/approvals/{approval}/approve",
    input: byId,
    output: Approval,
    permission: "read",
    effect: "write",
    errors: ["not_found", "forbidden", "conflict"],
  }),
  "approvals.deny": operation({
    name: "approvals.deny",
    summary: "Refuse what was asked.",
    method: "POST",
    path: "/v1/approvals/{approval}/deny",
    input: byId,
    output: Approval,
    permission: "read",
    effect: "write",
    errors: ["not_found", "forbidden", "conflict"],
  }),
};
