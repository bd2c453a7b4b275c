// A deployment whose whole work takes milliseconds is not handed over to Restate, which would take as long: the process that took the
// call does it. PostgreSQL has it; when this process dies, the next one hands it over like everything that has not ended.
import type { Control } from "../control.ts";
import type { DeploymentRow } from "./deployment.ts";
import { stepsOf } from "./deployment-workflow.ts";
import { submitDeployment, submitLater } from "./submission.ts";

/** Does all that is to be done for a deployment that has begun. Resolves when it has ended, or Restate has taken it. */
export const doAtOnce = async (control: Control, begun: DeploymentRow): Promise<void> => {
  const [first, ...others] = stepsOf[begun.kind];
  try {
    let outcome = first && (await control.driver.step(control, begun, first, begun));
    for (const step of others) if (outcome === "going-on") outcome = await control.driver.step(control, begun, step);
    await submitLater(control, begun.appId, "retire");
  } catch {
    // PostgreSQL is away: Restate asks until it is back.
    await submitDeployment(control, begun);
  }
};
