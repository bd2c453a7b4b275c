// A plan: what an operation would do, before it does it.
import { z } from "zod";
import { AppName, PlanId, Timestamp } from "./words.ts";

export const PlanChange = z.object({
  what: z.string().describe('What changes, in the words of the vocabulary: "release", "env LOG_LEVEL", "domain shop.example.org", "slip.toml run.memory".'),
  from: z.string().optional().describe("What it is now; absent for what is new. Never the value of a secret."),
  to: z.string().optional().describe("What it becomes; absent for what goes."),
});
export type PlanChange = z.infer<typeof PlanChange>;

export const PlanInterrupt = z.object({ what: z.string(), why: z.string() });
export type PlanInterrupt = z.infer<typeof PlanInterrupt>;

export const PlanPolicy = z.object({
  allowed: z.boolean().describe("Whether who planned may apply it as it stands."),
  why: z.string().optional(),
  needsApproval: z.boolean().optional().describe("It goes on when a person has approved it."),
});
export type PlanPolicy = z.infer<typeof PlanPolicy>;

export const PlanQuota = z.object({
  limit: z.string().describe("The limit's name."),
  used: z.number().describe("What will be used of it."),
  allowed: z.number(),
  unit: z.string(),
});
export type PlanQuota = z.infer<typeof PlanQuota>;

export const Plan = z.object({
  plan: PlanId,
  operation: z.string(),
  effect: z.enum(["write", "destroy"]),
  app: AppName.optional(),
  /** `open` can be applied. */
  state: z.enum(["open", "applied", "expired"]),
  changes: z.array(PlanChange).describe("What would be different; empty when nothing would."),
  interrupts: z.array(PlanInterrupt).describe("What could be interrupted, and why; empty when nothing is."),
  policy: PlanPolicy,
  quota: z.array(PlanQuota).describe("The limits that it touches."),
  inverse: z
    .object({ operation: z.string(), input: z.record(z.string(), z.unknown()) })
    .optional()
    .describe("The operation that would undo it, where there is one; its input lacks the id of what is only made when it is applied."),
  asks: z
    .array(z.literal("sha256"))
    .optional()
    .describe("What who applies it is to send: `sha256` of a token, an invitation or a code, so that its secret is made then, and only its maker has seen it."),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  appliedAt: Timestamp.optional(),
});
export type Plan = z.infer<typeof Plan>;
