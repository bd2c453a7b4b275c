// What a caller is told of an error: those of the catalogue as they are, all others as one of it.
import { SlipError } from "@slipstream/contract/errors.ts";
import { isConnectionError } from "#platform/database.ts";
import { asDiskFull } from "#platform/disk-full.ts";

export const knownError = (error: unknown): SlipError => {
  if (error instanceof SlipError) return error;
  if (isConnectionError(error))
    return new SlipError("unreachable", "The database cannot be reached now.", { next: "Look whether a change that you asked for is there, then ask again." });
  return asDiskFull(error) ?? new SlipError("internal");
};
