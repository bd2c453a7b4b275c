// The processes of the platform on this machine, as its own program lists them.
import { SlipError } from "@slipstream/contract/errors.ts";
import { PlatformProcesses } from "@slipstream/contract/ports/processes.ts";
import type { Environment } from "../environment.ts";
import { jsonOf } from "./programs.ts";

/** Throws `internal` when the program does not answer. */
export const processesOf = async (environment: Environment): Promise<PlatformProcesses> => {
  const parsed = PlatformProcesses.safeParse(await jsonOf(environment, "processes"));
  if (!parsed.success) throw new SlipError("internal", "The list of the platform's processes cannot be read.");
  return parsed.data;
};
