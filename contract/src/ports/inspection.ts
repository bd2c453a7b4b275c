// What the host process finds of an installation on its machine, and what it knows to be in use: for the audit, which compares.
import { z } from "zod";
import { MachineKind } from "../audit.ts";
import { Digest } from "../words.ts";

/** A thing and the name by which it goes. */
export const MachineThing = z.object({ kind: MachineKind, name: z.string() });
export type MachineThing = z.infer<typeof MachineThing>;

/** A sandbox that the host holds: an instance of a workload, or a program that runs once. */
export const HeldSandbox = z.object({ sandbox: z.string(), network: z.string(), workload: z.string().optional(), runs: z.boolean() });
export type HeldSandbox = z.infer<typeof HeldSandbox>;

export const Held = z.object({
  sandboxes: z.array(HeldSandbox),
  /** Networks in reserve. */
  networks: z.array(z.string()),
  /** Ids of builds and fetches under way. */
  builds: z.array(z.string()),
  /** Workloads that are here, or on their way out. */
  workloads: z.array(z.string()),
});
export type Held = z.infer<typeof Held>;

/** An unpacked layer that is not what its blob is, the first path that differs, and the workloads whose instances use it. */
export const ChangedLayer = z.object({ layer: Digest, path: z.string(), workloads: z.array(z.string()) });
export type ChangedLayer = z.infer<typeof ChangedLayer>;

export const Inspection = z.object({
  held: Held,
  found: z.array(MachineThing),
  /** Of the artifacts that were asked about, those of which something is missing. */
  incomplete: z.array(Digest),
  changed: z.array(ChangedLayer),
});
export type Inspection = z.infer<typeof Inspection>;

export const inspectionCalls = {
  inspect: { method: "POST", path: "/v1/inspection", input: z.object({ artifacts: z.array(Digest) }), output: Inspection },
  /**
   * Removes what nothing needs at this moment and what is damaged of `artifacts`, unpacks `layers` anew, and ends the programs of
   * `instances` and of those that use these layers, which are then started again; gives what is gone.
   */
  sweep: {
    method: "POST",
    path: "/v1/sweep",
    input: z.object({ things: z.array(MachineThing), instances: z.array(z.string()), artifacts: z.array(Digest), layers: z.array(Digest) }),
    output: z.object({ removed: z.array(MachineThing) }),
  },
} as const;

const sandboxIn: Partial<Record<MachineKind, (name: string) => string>> = {
  bundle: (name) => name,
  cgroup: (name) => name,
  "exit-code": (name) => name,
  "runtime-state": (name) => name,
  process: (name) => name.split(":")[0] ?? "",
  mount: (path) => /\/(?:instances|runs)\/([^/]+)\//.exec(path)?.[1] ?? "",
};

/** What of that which is held needs a thing; undefined when nothing does. Pure. */
export const ownerOf = ({ kind, name }: MachineThing, held: Held): string | undefined => {
  const sandbox = sandboxIn[kind]?.(name);
  if (sandbox !== undefined) return held.sandboxes.find((it) => it.sandbox === sandbox)?.sandbox;
  if (kind === "namespace" || kind === "interface")
    return held.sandboxes.find((it) => it.network === name)?.sandbox ?? held.networks.find((network) => network === name);
  if (kind === "workload-record") return held.workloads.find((id) => id === name);
  if (kind === "workspace") return held.builds.find((id) => id === name);
  return undefined;
};
