// When the host process starts: instances of an earlier one are taken over as they are, and what belongs to nothing is removed.
import { existsSync, readdirSync } from "node:fs";
import type { RuntimeGround } from "../ground.ts";
import { Instance } from "../instances/instance.ts";
import type { InstanceRecord } from "../instances/record.ts";
import { childGroups } from "../sandboxes/cgroup.ts";
import type { Workloads } from "./workloads.ts";

/**
 * The records of instances that can be taken over: they have served, their workload is known, their network is there. One that was
 * only being started is not: who asked for it asks again; and neither is one that has a successor. To be called before the networks
 * are opened.
 */
export const adoptable = (ground: RuntimeGround): InstanceRecord[] => {
  const known = new Set(ground.records.workloads().map(({ spec }) => spec.id));
  const found = ground.records
    .instances()
    .flatMap(({ name, record }) =>
      record?.instance === name && record.proven && known.has(record.workload) && existsSync(ground.pool.slot(record.slot).path) && hasProcess(ground, record)
        ? [record]
        : [],
    );
  return oneEach(found);
};

/** Where it is a function among others, it is known how it was loaded, and into what. */
const hasProcess = ({ isolates }: RuntimeGround, { instance, isolate }: InstanceRecord): boolean =>
  isolate === undefined || isolates.canAdopt(instance, isolate);

/** Of several that have one address, a successor: the host process died before it had forgotten whom it succeeds. Pure. */
const oneEach = (found: readonly InstanceRecord[]): InstanceRecord[] => {
  const byAddress = new Map<string, InstanceRecord>();
  for (const record of found) {
    const address = `${record.address ?? record.slot}:${record.isolate?.place ?? ""}`;
    if (byAddress.get(address)?.address === undefined) byAddress.set(address, record);
  }
  return [...byAddress.values()];
};

export const adoptAll = (ground: RuntimeGround, workloads: Workloads, records: readonly InstanceRecord[]): void => {
  ground.isolates.adopt(
    records.flatMap(({ instance, workload, slot, isolate, stopped = false }) => (isolate ? [{ instance, workload, seat: { ...isolate, slot }, stopped }] : [])),
  );
  for (const { spec, desire } of ground.records.workloads()) {
    const instances = records.filter(({ workload }) => workload === spec.id).map((record) => new Instance(ground, spec, record));
    if (instances.length === 0) {
      ground.records.forgetWorkload(spec.id);
      continue;
    }
    for (const instance of instances) instance.adopt(desire);
    workloads.adopt(spec, desire, instances);
  }
};

const foldersIn = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

/** Ids of sandboxes of ours that no record names, wherever they left something: a bundle, or a control group. */
export const orphans = (bundles: string, group: string, known: ReadonlySet<string>): string[] => {
  const names = [...foldersIn(bundles), ...childGroups(group).map((path) => path.slice(group.length + 1))];
  return [...new Set(names)].filter((name) => !known.has(name));
};
