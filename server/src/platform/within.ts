// A pattern that fits a stranger's text badly takes as long as they want, and all of the process waits for it: so it is ended by a clock, which V8
// looks at in the middle of a pattern, too.
import { Script } from "node:vm";

const key = Symbol.for("slipstream.within");
const script = new Script('globalThis[Symbol.for("slipstream.within")]()');

/** It took longer than it may. */
export class TookTooLong extends Error {}

const isLate = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";

/** A clock goes on while the process stands still, and runs faster than one that has to wait for a processor. */
const tries = 4;

const once = <T>(ms: number): { value: T } | "late" => {
  try {
    return { value: script.runInThisContext({ timeout: ms }) as T };
  } catch (error) {
    if (!isLate(error)) throw error;
    return "late";
  }
};

/**
 * What `compute` gives, which waits for nothing and changes nothing: where the process has worked less than half of `ms` by then, it is done
 * again. Throws what that throws, and `TookTooLong` after `ms`.
 */
export const within = <T>(ms: number, compute: () => T): T => {
  const place = globalThis as { [key]?: () => T };
  place[key] = compute;
  try {
    for (let left = tries; left > 0; left -= 1) {
      const before = process.cpuUsage();
      const done = once<T>(ms);
      if (done !== "late") return done.value;
      const { user, system } = process.cpuUsage(before);
      if ((user + system) / 1_000 >= ms / 2) break;
    }
    throw new TookTooLong(`It took longer than ${ms} ms.`);
  } finally {
    delete place[key];
  }
};
