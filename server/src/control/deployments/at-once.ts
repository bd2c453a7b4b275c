// A deployment whose whole work takes milliseconds is not handed over to Restate, which would take as long: the process that took the
// call does it. PostgreSQL has it; when this process dies, the next one hands it over like everything that has not ended.
import type { DeploymentKind } from "@slipstream/contract/words.ts";
import type { Control } from "../control.ts";
import type { DeploymentRow } from "./deployment.ts";
import { stepsOf } from "./deployment-workflow.ts";
import { submitDeployment, submitLater } from "./submission.ts";

/** Whether all of its work is one step: with parked instances that takes milliseconds. */
export const isQuick = (kind: DeploymentKind): boolean => stepsOf[kind].length === 1;

/** Does the one step of a deployment that has begun. Resolves when it has ended, or Restate has taken it. */
export const doAtOnce = async (control: Control, begun: DeploymentRow): Promise<void> => {
  try {
    for (const step of stepsOf[begun.kind]) await control.driver.step(control, begun, step, begun);
    await submitLater(control, begun.appId, "retire");
  } catch {
    // PostgreSQL is away: Restate asks until it is back.
    await submitDeployment(control, begun);
  }
};
