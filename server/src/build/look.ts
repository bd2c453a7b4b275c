// Finds out how a source is built and started, from its files.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { TookTooLong, within } from "#platform/within.ts";

/** What `find` finds in a stranger's files. Throws what that throws, and `build_failed` where it takes longer than the host can wait. */
export const look = <T>(find: () => T, ms: number = limit("sourceLookMs")): T => {
  try {
    return within(ms, find);
  } catch (error) {
    if (!(error instanceof TookTooLong)) throw error;
    throw new SlipError("build_failed", `Its files could not be understood within ${ms} ms.`, {
      next: "Leave out what is generated (.slipignore), and let a build command make it.",
    });
  }
};
