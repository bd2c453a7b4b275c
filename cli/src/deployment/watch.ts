// Follows a deployment to its end, also while control goes away and comes back.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import { type Session, waitForReturn } from "../platform/session.ts";
import { type Ended, hasEnded } from "./result.ts";

/** A connection that says nothing for so long may be dead without a sign; a new one tells the state at once. */
const silenceMs = 30_000;

/** The states of one connection. Ends when the platform ends it or nothing came for a while. */
async function* statesOf(session: Session, deployment: string): AsyncGenerator<Deployment> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    for await (const now of session.lines("deployments.watch", { deployment }, { signal: silence.signal })) {
      timer.refresh();
      yield now;
    }
  } catch (error) {
    if (!silence.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Gives the deployment as it ended. Throws `unreachable` when the platform has been away for a minute. */
export const watchToEnd = async (session: Session, deployment: Deployment, update: (now: Deployment) => void): Promise<Ended> => {
  update(deployment);
  let last = deployment;
  for (let seen = performance.now(); !hasEnded(last); ) {
    try {
      for await (const now of statesOf(session, deployment.deployment)) {
        last = now;
        seen = performance.now();
        update(now);
      }
      // A stream that ends before the deployment does was cut off on its way.
      if (!hasEnded(last)) await waitForReturn(new SlipError("unreachable", "The platform went away."), seen);
    } catch (error) {
      await waitForReturn(error, seen);
    }
  }
  return last;
};
