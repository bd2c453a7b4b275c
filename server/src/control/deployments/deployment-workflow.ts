// The work of a deployment as named steps. PostgreSQL says what a deployment is; Restate brings the work back to where it was
// when a process died. Each name below is one durable step, so there are as few as there are places worth coming back to.

import type { DeploymentKind } from "@slipstream/contract/words.ts";
import { isConnectionError } from "#platform/database.ts";
import type { Control } from "../control.ts";
import { between } from "../faults/fault-points.ts";
import { isOpen } from "./deployment.ts";
import { beginDeployment } from "./deployment-store.ts";
import { allocate } from "./steps/allocate.ts";
import { buildArtifact } from "./steps/build.ts";
import { endWithout } from "./steps/end.ts";
import { reviveRelease, takeLiveRelease } from "./steps/revive.ts";
import { resolveSource } from "./steps/source.ts";
import { startWorkload } from "./steps/start.ts";
import type { Step } from "./steps/step.ts";
import { switchAndProve } from "./steps/switch.ts";

export interface NamedStep {
  name: string;
  steps: readonly Step[];
}

export const stepsOf: Record<DeploymentKind, readonly NamedStep[]> = {
  deploy: [
    { name: "prepare", steps: [resolveSource, allocate, buildArtifact] },
    { name: "start", steps: [startWorkload] },
    { name: "switch", steps: [switchAndProve] },
  ],
  config: [
    { name: "start", steps: [takeLiveRelease, startWorkload] },
    { name: "switch", steps: [switchAndProve] },
  ],
  restart: [
    { name: "start", steps: [takeLiveRelease, startWorkload] },
    { name: "switch", steps: [switchAndProve] },
  ],
  // One step alone: with parked instances all of it takes milliseconds.
  rollback: [{ name: "revive", steps: [reviveRelease, switchAndProve] }],
};

export type StepOutcome = "going-on" | "ended";

/** Does one named step. Rejects only when PostgreSQL is away: then it is to be done again. */
export const doStep = async (control: Control, id: string, { steps }: NamedStep): Promise<StepOutcome> => {
  const row = await beginDeployment(control.progress, id);
  if (!row) return ended(control, id);
  const run = control.runs.of(control, row);
  try {
    for (const step of steps) {
      run.signal.throwIfAborted();
      await between(control.faultPoints, step.name, () => step(run));
    }
  } catch (error) {
    if (isConnectionError(error)) throw error;
    await between(control.faultPoints, endWithout.name, () => endWithout(run, error));
  }
  return isOpen(run.row.state) ? "going-on" : ended(control, id);
};

const ended = (control: Control, id: string): StepOutcome => {
  control.runs.forget(id);
  return "ended";
};
