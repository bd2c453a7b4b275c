// Neighbours that are being started again: what they could not answer is asked once more.
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";

/** A neighbour that died is back within seconds; after this long it is said to be away. */
const patienceMs = 60_000;
const firstPauseMs = 20;
const longestPauseMs = 1_000;

export const isUnreachable = (error: unknown): boolean => error instanceof SlipError && error.code === "unreachable";

/** `cancelled` without our asking: the neighbour was told of a state that was older than this call. */
const isAway = (error: unknown): boolean => isUnreachable(error) || (error instanceof SlipError && error.code === "cancelled");

/** Calls until it is answered. Every call of ours can be asked again; what is under way is joined. Ends with the signal. */
export const patiently = async <T>(signal: AbortSignal | undefined, call: () => Promise<T>, isPassing = isAway): Promise<T> => {
  const until = performance.now() + patienceMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    signal?.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      if (!isPassing(error) || performance.now() > until) throw error;
    }
    await sleep(pauseMs, undefined, signal ? { signal } : {});
  }
};
