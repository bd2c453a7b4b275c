// The work of a deployment as named steps. PostgreSQL says what a deployment is; Restate brings the work back to where it was
// when a process died. Each name below is one durable step, so there are as few as there are places worth coming back to.

import type { DeploymentKind } from "@slipstream/contract/words.ts";
import { isConnectionError } from "#platform/database.ts";
import type { Control } from "../control.ts";
import { between } from "../faults/fault-points.ts";
import { type DeploymentRow, isOpen } from "./deployment.ts";
import { beginDeployment, forgetWorkload } from "./deployment-store.ts";
import { isProgressLost } from "./lost-progress.ts";
import { allocate } from "./steps/allocate.ts";
import { buildArtifact } from "./steps/build.ts";
import { endWithout } from "./steps/end.ts";
import { reviveRelease, takeKeptRelease, takeLiveRelease } from "./steps/revive.ts";
import { resolveSource } from "./steps/source.ts";
import { startWorkload } from "./steps/start.ts";
import type { Step } from "./steps/step.ts";
import { switchAndProve } from "./steps/switch.ts";

export interface NamedStep {
  name: string;
  steps: readonly Step[];
  /** Whether what the steps behind it need is written down. */
  isDone: (row: DeploymentRow) => boolean;
}

const hasRelease = (row: DeploymentRow): boolean => row.releaseId !== null;
const hasWorkload = (row: DeploymentRow): boolean => row.releaseId !== null && row.workload !== null;
const isLive = (row: DeploymentRow): boolean => row.state === "live";

export const stepsOf: Record<DeploymentKind, readonly NamedStep[]> = {
  deploy: [
    { name: "prepare", steps: [resolveSource, allocate, buildArtifact], isDone: hasRelease },
    { name: "start", steps: [startWorkload], isDone: hasWorkload },
    { name: "switch", steps: [switchAndProve], isDone: isLive },
  ],
  config: [
    { name: "start", steps: [takeLiveRelease, startWorkload], isDone: hasWorkload },
    { name: "switch", steps: [switchAndProve], isDone: isLive },
  ],
  restart: [
    { name: "start", steps: [takeLiveRelease, startWorkload], isDone: hasWorkload },
    { name: "switch", steps: [switchAndProve], isDone: isLive },
  ],
  restore: [
    { name: "start", steps: [takeKeptRelease, startWorkload], isDone: hasWorkload },
    { name: "switch", steps: [switchAndProve], isDone: isLive },
  ],
  // One step alone: with parked instances all of it takes milliseconds.
  rollback: [{ name: "revive", steps: [reviveRelease, switchAndProve], isDone: isLive }],
};

export type StepOutcome = "going-on" | "ended";

/** The steps to do for a named one: those before it too, from the first of which PostgreSQL has lost what it made. Pure. */
export const stepsToDo = (row: DeploymentRow, step: NamedStep): Step[] => {
  const all = stepsOf[row.kind];
  const place = all.findIndex(({ name }) => name === step.name);
  const first = all.slice(0, place).findIndex(({ isDone }) => !isDone(row));
  return all.slice(first < 0 ? place : first, place + 1).flatMap(({ steps }) => steps);
};

/**
 * Does one named step; `begun` is the deployment where it is known to run. Rejects only when PostgreSQL is away, or was and has lost
 * something: then it is to be done again.
 */
export const doStep = async (control: Control, id: string, named: NamedStep, begun?: DeploymentRow): Promise<StepOutcome> => {
  const row = begun ?? (await beginDeployment(control.progress, id));
  if (!row) return ended(control, id);
  const run = control.runs.of(control, row);
  try {
    for (const step of stepsToDo(row, named)) {
      run.signal.throwIfAborted();
      await between(control.faultPoints, step.name, () => step(run));
    }
  } catch (error) {
    const isLost = isProgressLost(error);
    if (isLost) await forgetWorkload(control.database, id);
    if (isLost || isConnectionError(error)) {
      // PostgreSQL alone knows how far it was.
      control.runs.forget(id);
      throw error;
    }
    await between(control.faultPoints, endWithout.name, () => endWithout(run, error));
  }
  return isOpen(run.row.state) ? "going-on" : ended(control, id);
};

const ended = (control: Control, id: string): StepOutcome => {
  control.runs.forget(id);
  return "ended";
};
