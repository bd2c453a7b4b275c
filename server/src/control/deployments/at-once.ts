// A deployment of an app that has nothing else under way is begun by the process that took the call: Restate would take some milliseconds
// to ask for it. It is handed over meanwhile, and Restate joins: it sees to it that what this process leaves undone is gone on with.
// What takes milliseconds in all is not handed over; when this process dies, the next one does that with everything that has not ended.
import type { DeploymentKind } from "@slipstream/contract/words.ts";
import type { Control } from "../control.ts";
import type { DeploymentRow } from "./deployment.ts";
import { stepsOf } from "./deployment-workflow.ts";
import type { Prepared } from "./prepared.ts";
import { submitDeployment, submitLater } from "./submission.ts";

/** Whether all of its work is one step: with parked instances that takes milliseconds. */
export const isQuick = (kind: DeploymentKind): boolean => stepsOf[kind].length === 1;

/** Does the work of a deployment that has begun. Resolves when it has ended, or Restate alone goes on with it. */
export const doAtOnce = async (control: Control, begun: DeploymentRow, prepared?: Prepared): Promise<void> => {
  const quick = isQuick(begun.kind);
  control.runs.of(control, begun).prepared = prepared;
  if (!quick) void submitDeployment(control, begun);
  try {
    await control.driver.all(control, begun, stepsOf[begun.kind]);
    // Of others Restate knows when they have ended.
    if (quick) await submitLater(control, begun.appId, "retire");
  } catch {
    // PostgreSQL is away: Restate asks until it is back.
    if (quick) await submitDeployment(control, begun);
  }
};
