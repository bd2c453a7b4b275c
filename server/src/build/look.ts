// Looking at a stranger's files takes as long as they want where a pattern fits them badly, and all of the host process waits: so it is ended by a
// clock, which V8 looks at in the middle of a pattern, too.
import { Script } from "node:vm";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";

const key = Symbol.for("slipstream.look");
const script = new Script('globalThis[Symbol.for("slipstream.look")]()');

const isLate = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";

/** What `look` gives, which waits for nothing. Throws what that throws, and `build_failed` where it takes longer than `ms`. */
export const within = <T>(look: () => T, ms: number = limit("sourceLookMs")): T => {
  const place = globalThis as { [key]?: () => T };
  place[key] = look;
  try {
    return script.runInThisContext({ timeout: ms }) as T;
  } catch (error) {
    if (!isLate(error)) throw error;
    throw new SlipError("build_failed", `Its files could not be understood within ${ms} ms.`, {
      next: "Leave out what is generated (.slipignore), and let a build command make it.",
    });
  } finally {
    delete place[key];
  }
};
