// Brings the host to what PostgreSQL says: what should run runs, and nothing else. Never the other way round.
import type { Workload } from "@slipstream/contract/ports/host.ts";
import type { Control } from "../control.ts";
import { specOf } from "../deployments/steps/start.ts";
import { countUp } from "../routes/route-store.ts";
import { type DesiredRow, desiredWorkloads, saveTargets, targetsOf } from "./workload-store.ts";

type Wanted = Pick<DesiredRow, "id" | "desire" | "instances" | "targets">;

/** True when the host has what is desired, as far as it can be seen from outside. What is being started has no targets yet and is not judged. */
export const matches = (desired: readonly Wanted[], observed: readonly Workload[]): boolean => {
  const byId = new Map(observed.map((workload) => [workload.id, workload]));
  const wanted = new Set(desired.map((row) => row.id));
  const isThere = ({ id, desire, instances }: Wanted): boolean => {
    const workload = byId.get(id);
    return workload?.desire === desire && workload.instances.length === instances;
  };
  return observed.every((workload) => wanted.has(workload.id)) && desired.every((row) => row.targets.length === 0 || isThere(row));
};

/** Addresses differ after the machine was started anew. Only what serves already is looked at: what starts is told by its deployment. */
const followTargets = async (control: Control, desired: readonly DesiredRow[], observed: readonly Workload[]): Promise<boolean> => {
  const byId = new Map(observed.map((workload) => [workload.id, workload]));
  let changed = false;
  for (const row of desired) {
    const workload = byId.get(row.id);
    if (!workload || row.targets.length === 0 || workload.instances.length === 0) continue;
    const targets = targetsOf(workload, Math.min(row.targets.length, workload.instances.length));
    if (JSON.stringify(targets) === JSON.stringify(row.targets)) continue;
    await saveTargets(control.database, row.id, targets);
    changed = true;
  }
  return changed;
};

/** Tells the host everything that should be there, and the edges where it answers. */
export const reconcile = async (control: Control): Promise<void> => {
  const desired = await desiredWorkloads(control.database);
  const workloads = await Promise.all(desired.map(async (row) => ({ spec: await specOf(control, row), desire: row.desire })));
  const observed = await control.host.reconcile({ workloads });
  if (await followTargets(control, desired, observed.workloads)) await countUp(control.database);
  await control.routes.publish();
};

/** Looks whether the host still has what is desired; brings it there when not. */
export const watchHost = async (control: Control): Promise<void> => {
  const [desired, status] = await Promise.all([desiredWorkloads(control.database), control.host.status({}, { timeoutMs: 10_000 })]);
  if (!matches(desired, status.workloads)) await reconcile(control);
};
