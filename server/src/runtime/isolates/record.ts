// What is remembered of a process of functions, and of each function in it, for the host process that comes after this one.
import { GrantId, InstanceId, SandboxKind } from "@slipstream/contract/words.ts";
import { z } from "zod";

export const ProcessRecord = z.object({
  id: InstanceId,
  slot: z.int(),
  sandbox: SandboxKind,
  /** Functions with the same key may be in it. */
  key: z.string(),
  secret: z.string(),
  /** Unpacked layers that hold workerd. */
  layers: z.array(z.string()),
  /** Of each function. */
  memoryBytes: z.number(),
  cpus: z.number(),
  account: GrantId.optional(),
});
export type ProcessRecord = z.infer<typeof ProcessRecord>;

/** How a function is loaded, again too. */
export const FunctionRecord = z.object({ layers: z.array(z.string()), env: z.record(z.string(), z.string()), mark: z.string() });
export type FunctionRecord = z.infer<typeof FunctionRecord>;
