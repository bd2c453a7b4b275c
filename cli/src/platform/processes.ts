// The processes of the platform on this machine, as its own program lists them.
import { z } from "zod";
import type { Environment } from "../environment.ts";
import { jsonOf } from "./programs.ts";

const Processes = z.looseObject({
  running: z.boolean(),
  processes: z.array(
    z.looseObject({
      name: z.string(),
      state: z.string(),
      pid: z
        .number()
        .nullish()
        .transform((pid) => pid ?? undefined),
      restarts: z.number().default(0),
      memoryBytes: z
        .number()
        .nullish()
        .transform((bytes) => bytes ?? undefined),
    }),
  ),
});
export type Processes = z.infer<typeof Processes>;

/** Throws `internal` when the program does not answer. */
export const processesOf = async (environment: Environment): Promise<Processes> => Processes.parse(await jsonOf(environment, "processes"));
