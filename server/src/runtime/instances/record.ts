// What is remembered of an instance and of a workload, on the tmpfs, for the host process that comes after this one.
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WorkloadDesire, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import { DeploymentId, InstanceId, SandboxKind } from "@slipstream/contract/words.ts";
import { z } from "zod";

export const InstanceRecord = z.object({
  instance: InstanceId,
  workload: DeploymentId,
  slot: z.int(),
  /** The slot whose address it has, where that is not its own: it is the successor of an instance that was ended. */
  address: z.int().optional(),
  /** Its place among the functions of its tenant, whose process's slot it has. */
  isolate: z.object({ process: InstanceId, place: z.int() }).optional(),
  sandbox: SandboxKind,
  /** It has answered once: a later end is a crash that is mended, an earlier one a failed start. */
  proven: z.boolean(),
  /** What it answered first, when it was proven, was healthy: it is so once it listens. */
  prompt: z.boolean().optional(),
  restarts: z.int(),
  /** It was ended until somebody asks for it. */
  stopped: z.boolean().optional(),
  /** Unpacked layers that it runs on. */
  layers: z.array(z.string()),
  args: z.array(z.string()),
});
export type InstanceRecord = z.infer<typeof InstanceRecord>;

/** Of one that takes the place of another, which was ended: it counts as ended until it is ready. Pure. */
export const successorOf = (before: InstanceRecord, own: Pick<InstanceRecord, "instance" | "slot" | "layers">): InstanceRecord => ({
  ...before,
  ...own,
  address: before.address ?? before.slot,
  stopped: true,
});

export const WorkloadRecord = z.object({ spec: WorkloadSpec, desire: WorkloadDesire });
export type WorkloadRecord = z.infer<typeof WorkloadRecord>;

const writeWhole = (path: string, value: unknown): void => {
  writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
  renameSync(`${path}.new`, path);
};

const readWhole = <T>(schema: z.ZodType<T>, path: string): T | undefined => {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
};

const names = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

export class Records {
  readonly #workloads: string;
  readonly #instances: string;
  constructor(folders: { workloads: string; instances: string }) {
    this.#workloads = folders.workloads;
    this.#instances = folders.instances;
    for (const folder of [this.#workloads, this.#instances]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Who is root in a sandbox's user namespace alone has to pass it on the way to the root that it mounts; it cannot be listed.
    chmodSync(this.#instances, 0o711);
  }

  saveWorkload(record: WorkloadRecord): void {
    writeWhole(join(this.#workloads, `${record.spec.id}.json`), record);
  }
  forgetWorkload(id: string): void {
    rmSync(join(this.#workloads, `${id}.json`), { force: true });
  }
  workloads(): WorkloadRecord[] {
    return names(this.#workloads).flatMap((name) => (name.endsWith(".json") ? (readWhole(WorkloadRecord, join(this.#workloads, name)) ?? []) : []));
  }

  /** In the instance's own bundle, so it goes with it. */
  saveInstance(record: InstanceRecord): void {
    const folder = join(this.#instances, record.instance);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    writeWhole(join(folder, "instance.json"), record);
  }
  /** The bundle stays: it belongs to nobody then. */
  forgetInstance(id: string): void {
    rmSync(join(this.#instances, id, "instance.json"), { force: true });
  }
  /** Each bundle, with its record where it has one that can be read. */
  instances(): { name: string; record: InstanceRecord | undefined }[] {
    return names(this.#instances).map((name) => ({ name, record: readWhole(InstanceRecord, join(this.#instances, name, "instance.json")) }));
  }
}
