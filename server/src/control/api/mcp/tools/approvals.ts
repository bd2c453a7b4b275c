// The tool for what a person has to approve.
import { limit } from "@slipstream/contract/limits.ts";
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import { ApprovalId } from "@slipstream/contract/words.ts";
import { z } from "zod";
import { boundFor, waitSeconds } from "../outcome.ts";
import { tool } from "../tool.ts";

const Brief = z.object({
  approval: z.string(),
  state: z.string(),
  operation: z.string(),
  app: z.string().optional(),
  why: z.string(),
  continuedBy: z.string().optional(),
  result: z.looseObject({}).optional(),
});

const briefOf = ({ approval, state, operation, app, why, continuedBy, output, failure }: OutputOf<"approvals.wait">): z.input<typeof Brief> => ({
  approval,
  state,
  operation,
  ...(app === undefined ? {} : { app }),
  why,
  ...(continuedBy === undefined ? {} : { continuedBy }),
  ...(failure === undefined ? (output === undefined ? {} : { result: output as Record<string, unknown> }) : { result: failure }),
});

export const approvals = tool({
  name: "approvals",
  title: "Approvals",
  description:
    "What was asked beyond this token's grant and waits for a person. With an approval's id: wait for the decision; what was approved has been done then, or goes on with the approval in continuedBy. Else the newest twenty, or those older than the one in before.",
  kind: "reads",
  repeatable: true,
  input: z.object({ approval: ApprovalId.optional(), before: ApprovalId.optional(), waitSeconds }),
  output: z.object({ approvals: z.array(Brief) }),
  async run({ approval, before, waitSeconds: seconds }, asking) {
    if (approval === undefined) return { value: { approvals: (await asking.do("approvals.list", { limit: 20, before })).approvals.map(briefOf) } };
    const timeoutMs = Math.min(boundFor(asking, seconds) * 1_000, limit("approvalWaitMs"));
    const waited = await asking.telling("waiting for a person", asking.do("approvals.wait", { approval, timeoutMs }, { signal: asking.signal }));
    return { value: { approvals: [briefOf(waited)] } };
  },
});
