// Follows a deployment: what this process does is told at once, what another one does is seen in the database.
import type { Deployment } from "@slipstream/contract/words.ts";
import type { Control } from "../control.ts";
import { isOpen, toDeployment } from "./deployment.ts";
import { deploymentIn, deploymentOf } from "./deployment-store.ts";

const lookAgainMs = 500;

/** The next thing told of a deployment, or what the database says when nothing was told for a while. */
const next = (told: unknown[], wake: { now: () => void }, signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => {
    if (told.length > 0 || signal.aborted) return resolve(told.shift());
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve(told.shift());
    };
    const timer = setTimeout(done, lookAgainMs);
    signal.addEventListener("abort", done, { once: true });
    wake.now = done;
  });

interface Watched {
  first: Deployment;
  told: unknown[];
  wake: { now: () => void };
  stop: () => void;
}

async function* lines(control: Control, { first, told, wake, stop }: Watched, signal: AbortSignal): AsyncGenerator<Deployment> {
  try {
    let last: Deployment | undefined = first;
    while (last) {
      yield last;
      if (!isOpen(last.state)) return;
      let seen: Deployment | undefined = last;
      while (seen && JSON.stringify(seen) === JSON.stringify(last)) {
        const value = await next(told, wake, signal);
        if (signal.aborted) return;
        seen = (value as Deployment | undefined) ?? (await present(control, first.deployment));
      }
      last = seen;
    }
  } finally {
    stop();
  }
}

/** A line now, one at each change, the last when it has ended. Undefined where the tenant has no such deployment. */
export const watch = async (control: Control, of: { id: string; tenant: string }, signal: AbortSignal): Promise<AsyncGenerator<Deployment> | undefined> => {
  const told: unknown[] = [];
  const wake = { now: (): void => undefined };
  const stop = control.changes.subscribe(of.id, (value) => {
    told.push(value);
    wake.now();
  });
  // A generator that nobody begins does not come to its end.
  signal.addEventListener("abort", stop, { once: true });
  try {
    // Read after subscribing: what happened in between would be lost otherwise.
    const row = await deploymentIn(control.database, of.tenant, of.id);
    if (row) return lines(control, { first: toDeployment(row, control.installation), told, wake, stop }, signal);
  } catch (error) {
    stop();
    throw error;
  }
  stop();
  return undefined;
};

/** The deployment when it has ended, or as it is when the time is over. Undefined where the tenant has no such deployment. */
export const untilEnded = async (
  control: Control,
  { timeoutMs, ...of }: { id: string; tenant: string; timeoutMs: number },
  signal: AbortSignal,
): Promise<Deployment | undefined> => {
  const lines = await watch(control, of, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
  let last: Deployment | undefined;
  for await (const now of lines ?? []) last = now;
  return last;
};

/**
 * A deployment that this process has just begun, as it ended where that took no longer than `withinMs`; else as it was given. One whose end was
 * another's doing is given as it was, too.
 */
export const endedSoon = ({ changes }: Pick<Control, "changes">, begun: Deployment, withinMs: number): Promise<Deployment> =>
  new Promise((resolve) => {
    const end = (last: Deployment): void => {
      clearTimeout(timer);
      stop();
      resolve(last);
    };
    const timer = setTimeout(end, withinMs, begun);
    const stop = changes.subscribe(begun.deployment, (told) => told !== undefined && !isOpen((told as Deployment).state) && end(told as Deployment));
  });

const present = async (control: Control, id: string): Promise<Deployment | undefined> => {
  const row = await deploymentOf(control.database, id);
  return row && toDeployment(row, control.installation);
};
