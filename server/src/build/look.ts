// Finds out how a source is built and started, from its files.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { TookTooLong, within } from "#platform/within.ts";

/** What is within itself so often that whoever reads it has no more stack; what read it is unwound, and nothing else is touched. */
const isTooDeep = (error: unknown): boolean => error instanceof RangeError && /call stack/.test(error.message);

/** What `find` finds in a stranger's files. Throws what that throws, and `build_failed` where it takes longer than the host can wait, or goes too deep. */
export const look = <T>(find: () => T, ms: number = limit("sourceLookMs")): T => {
  try {
    return within(ms, find);
  } catch (error) {
    if (isTooDeep(error))
      throw new SlipError("build_failed", "Its files could not be understood: something in one of them is nested too deeply.", {
        next: "Look for thousands of brackets within one another, or packages that need one another in a row, and leave them out.",
      });
    if (!(error instanceof TookTooLong)) throw error;
    throw new SlipError("build_failed", `Its files could not be understood within ${ms} ms.`, {
      next: "Leave out what is generated (.slipignore), and let a build command make it.",
    });
  }
};
