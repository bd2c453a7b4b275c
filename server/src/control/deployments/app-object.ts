// The virtual object of an app on Restate: whatever changes what an app runs is done here, one at a time per app.
import { handlers, type ObjectContext, object } from "@restatedev/restate-sdk";
import type { DeploymentKind } from "@slipstream/contract/words.ts";
import { finishShrink, shrinkAfterMs } from "../apps/scale.ts";
import { type Control, serviceName } from "../control.ts";
import { doTask } from "../tasks/task.ts";
import { retire } from "../workloads/retire.ts";
import { doStep, stepsOf } from "./deployment-workflow.ts";

/** A step waits for builds and starts; without word from us for longer than the longest of them it is lost. */
const stepMs = 3_600_000;
const sliceMs = 250;

export interface DeployInput {
  deployment: string;
  kind: DeploymentKind;
}

/** Joins what this process is doing already: an attempt that Restate lost sight of may still run. */
const joining = () => {
  const running = new Map<string, Promise<unknown>>();
  return <T>(name: string, act: () => Promise<T>): Promise<T> => {
    const known = running.get(name) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const started = act().finally(() => running.delete(name));
    running.set(name, started);
    return started;
  };
};

export const appObject = (control: Control) => {
  const once = joining();
  /** What is not handed over is found again when control looks for what was left undone. */
  const later = async (appId: string, handler: "retire" | "shrink", delayMs: number): Promise<void> => {
    await control.restate.send({ service: serviceName(control.installation), key: appId, handler, input: {}, delayMs }).catch(() => undefined);
  };
  return object({
    name: serviceName(control.installation),
    handlers: {
      deploy: handlers.object.exclusive(async (context: ObjectContext, { deployment, kind }: DeployInput): Promise<void> => {
        for (const step of stepsOf[kind]) {
          const outcome = await context.run(step.name, () => once(`${deployment} ${step.name}`, () => doStep(control, deployment, step)));
          if (outcome === "ended") break;
        }
        await later(context.key, "retire", sliceMs);
      }),
      task: handlers.object.exclusive(async (context: ObjectContext, { task }: { task: string }): Promise<void> => {
        await context.run("task", () => once(task, () => doTask(control, task)));
        await later(context.key, "shrink", shrinkAfterMs);
      }),
      shrink: handlers.object.exclusive((context: ObjectContext): Promise<void> => once(`shrink ${context.key}`, () => finishShrink(control, context.key))),
      retire: handlers.object.exclusive(async (context: ObjectContext): Promise<void> => {
        const again = await once(`retire ${context.key}`, () => retire(control, context.key));
        if (again) await later(context.key, "retire", sliceMs);
      }),
    },
    options: {
      inactivityTimeout: stepMs,
      abortTimeout: stepMs,
      // Nothing is read from ended invocations: PostgreSQL knows what became of them.
      journalRetention: 0,
      idempotencyRetention: 60_000,
      retryPolicy: { initialInterval: 50, maxInterval: 1_000, exponentiationFactor: 2 },
    },
  });
};
