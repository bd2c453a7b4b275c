// The virtual object of an app on Restate: whatever changes what an app runs is done here, one at a time per app.
// PostgreSQL knows how far each piece of work is, so one durable step holds all of it: when this process dies, the step is
// done again and goes on from there.
import { handlers, type ObjectContext, object } from "@restatedev/restate-sdk";
import { finishShrink } from "../apps/scale.ts";
import { type Control, serviceName } from "../control.ts";
import { doTask } from "../tasks/task.ts";
import { retire } from "../workloads/retire.ts";
import { deploymentOf } from "./deployment-store.ts";
import { submitLater } from "./submission.ts";

/** A step waits for builds and starts; without word from us for longer than the longest of them it is lost. */
const stepMs = 3_600_000;

export const appObject = (control: Control) => {
  const { driver, database } = control;
  const deploy = async (id: string): Promise<void> => {
    const row = await deploymentOf(database, id);
    if (row) await driver.driveInOrder(control, row);
  };
  return object({
    name: serviceName(control.installation),
    handlers: {
      deploy: handlers.object.exclusive(async (context: ObjectContext, { deployment }: { deployment: string }): Promise<void> => {
        await context.run("deploy", () => deploy(deployment));
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
      retryPolicy: { initialInterval: 50, maxInterval: 1_000, exponentiationFactor: 2 },
    },
  });
};
