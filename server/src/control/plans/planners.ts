// How each operation that changes something is planned. Those that cannot be say why in the registry of operations.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import type { JsonName } from "../api/call.ts";
import type { AnyPlanner } from "./planner.ts";
import { approvalPlanners } from "./planners/approvals.ts";
import { appPlanners } from "./planners/apps.ts";
import { auditPlanners } from "./planners/audit.ts";
import { commandPlanners } from "./planners/commands.ts";
import { deliveryPlanners } from "./planners/deliveries.ts";
import { deploymentPlanners } from "./planners/deployments.ts";
import { domainPlanners } from "./planners/domains.ts";
import { journalPlanners } from "./planners/journal.ts";
import { keyPlanners } from "./planners/keys.ts";
import { memberPlanners } from "./planners/members.ts";
import { projectPlanners } from "./planners/projects.ts";
import { releasePlanners } from "./planners/releases.ts";
import { settingPlanners } from "./planners/settings.ts";
import { signInPlanners } from "./planners/sign-in.ts";
import { tokenPlanners } from "./planners/tokens.ts";
import { webhookPlanners } from "./planners/webhooks.ts";

/** Throws `not_plannable`, and `invalid_input` for what is no operation. */
export const plannerOf = (name: string): { name: JsonName; planner: AnyPlanner } => {
  if (!Object.hasOwn(operations, name)) throw new SlipError("invalid_input", `There is no operation ${JSON.stringify(name.slice(0, 64))}.`);
  const planner = planners[name as OperationName];
  if (planner !== undefined) return { name: name as JsonName, planner };
  const { notPlanned = "It changes nothing." }: Operation = operations[name as OperationName];
  throw new SlipError("not_plannable", `${name} cannot be planned: ${notPlanned}`, { next: "Ask for it itself." });
};

/** An operation that changes something, is not here and does not say why fails the test. */
export const planners: { readonly [N in OperationName]?: AnyPlanner } = {
  ...appPlanners,
  ...commandPlanners,
  ...deploymentPlanners,
  ...releasePlanners,
  ...settingPlanners,
  ...domainPlanners,
  ...keyPlanners,
  ...webhookPlanners,
  ...deliveryPlanners,
  ...tokenPlanners,
  ...memberPlanners,
  ...projectPlanners,
  ...signInPlanners,
  ...auditPlanners,
  ...journalPlanners(plannerOf),
  ...approvalPlanners(plannerOf),
};
