// Follows a deployment: what this process does is told at once, what another one does is seen in the database.
import type { Deployment } from "@slipstream/contract/words.ts";
import type { Control } from "../control.ts";
import { type DeploymentRow, isOpen, toDeployment } from "./deployment.ts";
import { deploymentOf } from "./deployment-store.ts";

const lookAgainMs = 500;

/** The next thing told of a deployment, or what the database says when nothing was told for a while. */
const next = (told: unknown[], wake: { now: () => void }, signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => {
    if (told.length > 0) return resolve(told.shift());
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve(told.shift());
    };
    const timer = setTimeout(done, lookAgainMs);
    signal.addEventListener("abort", done, { once: true });
    wake.now = done;
  });

/** A line now, one at each change, the last when it has ended. */
export async function* watch(control: Control, row: DeploymentRow, signal: AbortSignal): AsyncGenerator<Deployment> {
  const told: unknown[] = [];
  const wake = { now: (): void => undefined };
  const stop = control.changes.subscribe(row.id, (value) => {
    told.push(value);
    wake.now();
  });
  try {
    // Read anew after subscribing: what happened in between would be lost otherwise.
    let last = await present(control, row.id);
    while (last) {
      yield last;
      if (!isOpen(last.state)) return;
      let seen: Deployment | undefined = last;
      while (seen && JSON.stringify(seen) === JSON.stringify(last)) {
        const value = await next(told, wake, signal);
        if (signal.aborted) return;
        seen = (value as Deployment | undefined) ?? (await present(control, row.id));
      }
      last = seen;
    }
  } finally {
    stop();
  }
}

const present = async (control: Control, id: string): Promise<Deployment | undefined> => {
  const row = await deploymentOf(control.database, id);
  return row && toDeployment(row, control.installation);
};
