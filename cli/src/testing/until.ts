// Waiting for something in a test, with a bound.
import { setTimeout as pause } from "node:timers/promises";

const boundMs = 15_000;

/** Resolves once `condition` holds; throws when it does not within 15 s. */
export const until = async (condition: () => boolean): Promise<void> => {
  for (const end = performance.now() + boundMs; !condition(); await pause(10))
    if (performance.now() > end) throw new Error(`It did not come true: ${condition}`);
};
