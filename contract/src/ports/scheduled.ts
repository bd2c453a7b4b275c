// How a function is called at its times: control asks the host, the host asks one instance on a port that nobody else reaches.
import { z } from "zod";
import { DeploymentId } from "../words.ts";

/**
 * Where instances of a function with a schedule listen for the host, beside their own port. Edges send nothing there, sandboxes do not
 * reach one another, and nothing from outside reaches a sandbox by itself.
 */
export const scheduledPort = 65_401;

/** `id` is the workload; `dueAt` the minute that is due, in milliseconds since 1970. */
export const ScheduledCall = z.object({ id: DeploymentId, cron: z.string(), dueAt: z.number().int() });
export type ScheduledCall = z.infer<typeof ScheduledCall>;

/** `error` is the program's own text. */
export const ScheduledResult = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("done") }),
  z.object({ outcome: z.literal("failed"), error: z.string().max(1_000) }),
]);
export type ScheduledResult = z.infer<typeof ScheduledResult>;
