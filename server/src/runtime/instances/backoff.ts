// How long to wait before a program that ended is started again. Pure.
import { limit } from "@slipstream/contract/limits.ts";

const firstMs = 100;
/** A program that ran so long is not crashing again and again. */
const steadyMs = 60_000;

/** `failures`: restarts since it last ran steadily. */
export const afterExit = (failures: number, ranMs: number): { failures: number; pauseMs: number } => {
  const before = ranMs >= steadyMs ? 0 : failures;
  return { failures: before + 1, pauseMs: Math.min(firstMs * 2 ** Math.min(before, 20), limit("restartBackoffMaxMs")) };
};
