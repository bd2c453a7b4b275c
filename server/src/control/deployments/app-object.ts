// The virtual object of an app on Restate: whatever changes what an app runs is done here, one at a time per app. Each named step
// of a deployment is a durable step: when this process dies, the one that was under way is asked again, and PostgreSQL knows
// how far it was.
import { handlers, type ObjectContext, object } from "@restatedev/restate-sdk";
import { finishShrink } from "../apps/scale.ts";
import { type Control, serviceName } from "../control.ts";
import { doTask } from "../tasks/task.ts";
import { retire } from "../workloads/retire.ts";
import { stepsOf } from "./deployment-workflow.ts";
import { type DeployInput, submitLater } from "./submission.ts";

/** A step waits for builds and starts; without word from us for longer than the longest of them it is lost. */
const stepMs = 3_600_000;

/**
 * Some minutes of them. Restate would pause what failed so often until somebody resumes it, and the app would wait behind it for
 * ever; what is given up is handed over again, with what this version of the code makes of it.
 */
const attemptsMax = 200;

export const appObject = (control: Control) => {
  const { driver } = control;
  return object({
    name: serviceName(control.installation),
    handlers: {
      deploy: handlers.object.exclusive(async (context: ObjectContext, { deployment, kind }: DeployInput): Promise<void> => {
        const of = { id: deployment, appId: context.key };
        for (const step of stepsOf[kind]) if ((await context.run(step.name, () => driver.step(control, of, step))) === "ended") break;
        await submitLater(control, context.key, "retire");
      }),
      task: handlers.object.exclusive(async (context: ObjectContext, { task }: { task: string }): Promise<void> => {
        await context.run("task", () => driver.take(context.key, () => doTask(control, task)));
        await submitLater(control, context.key, "shrink");
      }),
      shrink: handlers.object.exclusive((context: ObjectContext): Promise<void> => driver.take(context.key, () => finishShrink(control, context.key))),
      retire: handlers.object.exclusive(async (context: ObjectContext): Promise<void> => {
        const again = await driver.take(context.key, () => retire(control, context.key));
        if (again) await submitLater(control, context.key, "retire");
      }),
    },
    options: {
      inactivityTimeout: stepMs,
      abortTimeout: stepMs,
      // Nothing is read from ended invocations: PostgreSQL knows what became of them.
      journalRetention: 0,
      idempotencyRetention: 60_000,
      retryPolicy: { initialInterval: 50, maxInterval: 1_000, exponentiationFactor: 2, maxAttempts: attemptsMax, onMaxAttempts: "kill" },
    },
  });
};
