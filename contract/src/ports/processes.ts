// What the platform says of its own processes on this machine (server/src/main/processes.ts --json).
import { z } from "zod";

export const PlatformProcess = z.object({
  name: z.string(),
  pid: z.int().nullable(),
  /** `running` when it answers; `starting`, `restarting`, `ended`, `stopping` on the way; `halted` by SIGSTOP or a debugger. */
  state: z.string(),
  restarts: z.int(),
  memoryBytes: z.number().nullish(),
});
export type PlatformProcess = z.infer<typeof PlatformProcess>;

export const PlatformProcesses = z.object({ running: z.boolean(), home: z.string(), processes: z.array(PlatformProcess) });
export type PlatformProcesses = z.infer<typeof PlatformProcesses>;
