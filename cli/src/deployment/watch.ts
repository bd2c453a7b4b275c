// Follows a deployment to its end, also while control goes away and comes back.

import { SlipError } from "@slipstream/contract/errors.ts";
import type { Deployment } from "@slipstream/contract/words.ts";
import { type Session, waitForReturn } from "../platform/session.ts";
import { type Ended, hasEnded } from "./result.ts";

/** Gives the deployment as it ended. Throws `unreachable` when the platform has been away for a minute. */
export const watchToEnd = async (session: Session, deployment: Deployment, update: (now: Deployment) => void): Promise<Ended> => {
  update(deployment);
  let last = deployment;
  for (let seen = Date.now(); !hasEnded(last); ) {
    try {
      for await (const now of session.lines("deployments.watch", { deployment: deployment.deployment })) {
        last = now;
        seen = Date.now();
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
