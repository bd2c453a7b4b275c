// Tools for those who look before they act.
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import type { Plan } from "@slipstream/contract/plan.ts";
import { Deployment, PlanId } from "@slipstream/contract/words.ts";
import { z } from "zod";
import type { Asking } from "../asking.ts";
import { type Danger, unlessConfirmed } from "../confirm.ts";
import { carriedOut, waitSeconds } from "../outcome.ts";
import { type Done, readInput, type Tool, tool } from "../tool.ts";
import { plain } from "../untrusted.ts";
import { ranOf } from "./apps.ts";
import { dangerOfDestroying } from "./danger.ts";

const lineLength = 300;
const changesShown = 40;

const Brief = z.object({
  plan: z.string(),
  operation: z.string(),
  app: z.string().optional(),
  changes: z.array(z.string()),
  interrupts: z.array(z.string()),
  allowed: z.boolean(),
  why: z.string().optional(),
  needsApproval: z.boolean().optional(),
  quota: z.array(z.string()).optional(),
  expiresAt: z.string(),
});

const changeOf = ({ what, from, to }: Plan["changes"][number]): string => {
  const line = from === undefined ? (to === undefined ? what : `${what}: new, ${to}`) : `${what}: ${from} → ${to ?? "gone"}`;
  return plain(line).slice(0, lineLength);
};

const briefOf = ({ plan, operation, app, changes, interrupts, policy, quota, expiresAt }: Plan): z.input<typeof Brief> => ({
  plan,
  operation,
  ...(app === undefined ? {} : { app }),
  changes: changes.slice(0, changesShown).map(changeOf),
  interrupts: interrupts.map(({ what, why }) => `${what}: ${why}`),
  allowed: policy.allowed,
  ...(policy.why === undefined ? {} : { why: policy.why }),
  ...(policy.needsApproval === undefined ? {} : { needsApproval: policy.needsApproval }),
  ...(quota.length === 0 ? {} : { quota: quota.map(({ limit, used, allowed, unit }) => `${limit}: ${used} of ${allowed} ${unit}`) }),
  expiresAt,
});

/** The tool that plans the others. */
export const planOf = (tools: readonly Tool[]): Tool => {
  const plannable = new Map(tools.filter(({ planned }) => planned !== undefined).map((each) => [each.name, each]));
  return tool({
    name: "plan",
    title: "Plan",
    description: "What another tool would do with an input, without doing it: changes, what could be interrupted, whether it is allowed. apply does it.",
    kind: "reads",
    repeatable: true,
    input: z.object({ tool: z.enum([...plannable.keys()]), input: z.looseObject({}) }),
    output: Brief,
    async run({ tool: name, input }, asking) {
      const planned = plannable.get(name);
      if (!planned?.planned) throw new Error(`The tool ${name} cannot be planned.`);
      return { value: briefOf(await asking.do("plans.create", planned.planned(readInput(planned, input), asking))) };
    },
  });
};

const dangerOf = async (asking: Asking, { operation, app, changes }: Plan): Promise<Omit<Danger, "confirm">> => {
  if (operation === "apps.destroy" && app !== undefined) return dangerOfDestroying(asking, app);
  const what = changes.map(changeOf).join("; ").slice(0, 1_000);
  return { name: app ?? operation, what: `Do ${operation}${app === undefined ? "" : ` with the app ${app}`}? ${what}.` };
};

/** What an operation has answered; a deployment that it began is followed to its end. */
export const followed = async (asking: Asking, output: unknown, seconds: number): Promise<Done<Record<string, unknown>>> => {
  const held = (output as { deployment?: unknown } | undefined)?.deployment;
  const deployment = Deployment.safeParse(typeof held === "object" ? held : output).data;
  return deployment ? carriedOut(asking, deployment, seconds) : { value: (output ?? {}) as Record<string, unknown> };
};

export const apply = tool({
  name: "apply",
  title: "Apply a plan",
  description:
    "Do what was planned, or nothing when the world has changed since. Where it destroys, the user is asked first; where the client cannot ask, confirm must be the app's name.",
  kind: "destroys",
  repeatable: true,
  input: z.object({ plan: PlanId, confirm: z.string().optional(), waitSeconds }),
  output: z.object({ plan: z.string(), operation: z.string(), result: z.looseObject({}) }),
  async run({ plan, confirm, waitSeconds: seconds }, asking, door) {
    const planned = await asking.do("plans.get", { plan });
    if (planned.effect === "destroy") {
      const question = await unlessConfirmed(asking, { door, danger: { ...(await dangerOf(asking, planned)), confirm } });
      if (question) return question;
    }
    // A command ends when nobody waits for it any more; all else goes on.
    const isCommand = planned.operation === "apps.run";
    const { operation, output } = await asking.telling("applying", asking.do("plans.apply", { plan }, isCommand ? { signal: asking.signal } : {}));
    const done = isCommand ? { value: ranOf(output as OutputOf<"apps.run">) } : await followed(asking, output, seconds);
    return "failure" in done ? { failure: { plan, operation, result: done.failure } } : { value: { plan, operation, result: done.value } };
  },
});
