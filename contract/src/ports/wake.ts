// What edges ask of the host: that a workload which was put to sleep runs again. On a socket of its own: an edge may ask nothing else.
import { z } from "zod";
import { DeploymentId } from "../words.ts";

export const wakeCalls = {
  /**
   * Answers when the instances can take requests; they do not sleep for their whole time from then on. Errors: `not_found` for a workload
   * that is not here, `unhealthy` for one that could not be started.
   */
  wake: { method: "POST", path: "/v1/workloads/:id/wake", input: z.object({ id: DeploymentId }), output: z.object({}) },
} as const;
