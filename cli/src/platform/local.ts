// Commands that are about this machine make no sense for a platform elsewhere.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Environment } from "../environment.ts";

/** Throws `usage` when the environment names a platform elsewhere. */
export const localOnly = (environment: Environment, command: string): void => {
  if (environment.url !== undefined)
    throw new SlipError("usage", `'slip ${command}' is for the platform of this machine, but SLIP_URL names another.`, { next: "Unset SLIP_URL." });
};
