// A pattern that fits a stranger's text badly takes as long as they want, and all of the process waits for it: so it is ended by a clock, which V8
// looks at in the middle of a pattern, too.
import { Script } from "node:vm";

const key = Symbol.for("slipstream.within");
const script = new Script('globalThis[Symbol.for("slipstream.within")]()');

/** It took longer than it may. */
export class TookTooLong extends Error {}

const isLate = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";

/** What `compute` gives, which waits for nothing. Throws what that throws, and `TookTooLong` after `ms`. */
export const within = <T>(ms: number, compute: () => T): T => {
  const place = globalThis as { [key]?: () => T };
  place[key] = compute;
  try {
    return script.runInThisContext({ timeout: ms }) as T;
  } catch (error) {
    throw isLate(error) ? new TookTooLong(`It took longer than ${ms} ms.`) : error;
  } finally {
    delete place[key];
  }
};
