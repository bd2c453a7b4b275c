// What an audit finds: things that nothing needs, and needs that nothing meets.
import { z } from "zod";

/** Kinds of things on a machine that the host removes by name when nothing needs them. */
export const MachineKind = z.enum([
  "bundle",
  "cgroup",
  "mount",
  "namespace",
  "interface",
  "process",
  "runtime-state",
  "exit-code",
  "workload-record",
  "job-record",
  "workspace",
  "temporary",
  "socket",
  "table",
]);
export type MachineKind = z.infer<typeof MachineKind>;

export const AuditKind = z.enum(["deployment", "release", "artifact", "layer", "workload", "route", "domain", "sandbox", "network", ...MachineKind.options]);
export type AuditKind = z.infer<typeof AuditKind>;

/** `orphan`: nothing owns it. `loss`: something needs it and it is not there. `difference`: two places say different things of it. */
export const AuditFinding = z.object({
  kind: AuditKind,
  problem: z.enum(["orphan", "loss", "difference"]),
  name: z.string(),
  detail: z.string(),
  mended: z.boolean(),
});
export type AuditFinding = z.infer<typeof AuditFinding>;
