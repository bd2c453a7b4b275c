// How each operation that changes something is planned, or why it cannot be.
import { SlipError } from "@slipstream/contract/errors.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import type { JsonName } from "../api/call.ts";
import type { AnyPlanner } from "./planner.ts";
import { appPlanners } from "./planners/apps.ts";
import { deploymentPlanners } from "./planners/deployments.ts";
import { domainPlanners } from "./planners/domains.ts";
import { keyPlanners } from "./planners/keys.ts";
import { releasePlanners } from "./planners/releases.ts";
import { settingPlanners } from "./planners/settings.ts";

/** A sentence says why it cannot be planned. An operation that changes something and is not here fails the test. */
export const planners: { readonly [N in OperationName]?: AnyPlanner | string } = {
  ...appPlanners,
  ...deploymentPlanners,
  ...releasePlanners,
  ...settingPlanners,
  ...domainPlanners,
  ...keyPlanners,
  "apps.run": "What a command changes is known to the command alone.",
  "sources.check": "It changes nothing that is served: a source is kept until a deployment names it.",
  "sources.upload": "It changes nothing that is served: contents are named by their hash.",
  "token.rotate": "It is of the token that asks, and of no other thing that could move meanwhile.",
  "platform.audit": "Without 'mend' it shows what it would mend.",
  "webhooks.create": "Its answer holds a secret that is said once and kept nowhere.",
  "webhooks.rotate": "Its answer holds a secret that is said once and kept nowhere.",
  "webhooks.update": "It changes where events are sent, and nothing that is served.",
  "webhooks.remove": "It changes where events are sent, and nothing that is served.",
  "webhooks.test": "It sends an event, and changes nothing.",
  "webhooks.redeliver": "It sends an event again, and changes nothing.",
  "tokens.create": "It changes who may do what, and nothing that is served.",
  "tokens.revoke": "Somebody who may no longer act should not go on until a plan is applied.",
  "members.invite": "It changes who may do what, and nothing that is served.",
  "members.accept": "It is of the one who comes in alone.",
  "members.update": "It changes who may do what, and nothing that is served.",
  "members.remove": "Somebody who may no longer act should not go on until a plan is applied.",
  "invitations.revoke": "It changes who may do what, and nothing that is served.",
  "approvals.approve": "It does what somebody asked for, which was shown with it.",
  "approvals.deny": "It changes nothing: what somebody asked for is not done.",
  "projects.create": "It makes a project with nothing in it.",
  "sessions.code": "It lets the caller alone in, once, and within minutes.",
  "providers.add": "It changes how people sign in, and nothing that is served.",
  "providers.remove": "It changes how people sign in, and nothing that is served.",
  "connections.revoke": "Somebody who may no longer act should not go on until a plan is applied.",
  "journal.undo": "What it does is an operation of its own, which the entry names: plan that.",
  "plans.create": "It is planning itself, and changes nothing.",
  "plans.apply": "It does what was planned already.",
};

/** Throws `not_plannable`, and `invalid_input` for what is no operation. */
export const plannerOf = (name: string): { name: JsonName; planner: AnyPlanner } => {
  if (!Object.hasOwn(operations, name)) throw new SlipError("invalid_input", `There is no operation ${JSON.stringify(name.slice(0, 64))}.`);
  const known = name as OperationName;
  const found = planners[known] ?? "It changes nothing.";
  if (typeof found === "string") throw new SlipError("not_plannable", `${name} cannot be planned: ${found}`, { next: "Ask for it itself." });
  return { name: known as JsonName, planner: found };
};
