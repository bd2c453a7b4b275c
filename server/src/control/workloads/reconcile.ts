// Brings the host to what PostgreSQL says: what should run runs, and nothing else. Never the other way round.
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Instance, Workload } from "@slipstream/contract/ports/host.ts";
import type { RouteTarget } from "@slipstream/contract/ports/route-entry.ts";
import type { Control } from "../control.ts";
import { specOf } from "../deployments/steps/start.ts";
import { type DesiredRow, desiredWorkloads, moveTargets } from "./workload-store.ts";

/** What is desired, and what the host has. */
interface Look {
  desired: readonly DesiredRow[];
  observed: readonly Workload[];
}

const look = async (control: Control): Promise<Look> => {
  const [desired, status] = await Promise.all([desiredWorkloads(control.database), control.host.status({}, { timeoutMs: 10_000 })]);
  return { desired, observed: status.workloads };
};

type Wanted = Pick<DesiredRow, "id" | "desire" | "instances" | "targets">;

/** The workloads in which the host differs from what is desired, as far as it can be seen from outside. What is being started has no targets yet and is not judged. */
export const differences = (desired: readonly Wanted[], observed: readonly Workload[]): string[] => {
  const byId = new Map(observed.map((workload) => [workload.id, workload]));
  const wanted = new Set(desired.map((row) => row.id));
  const isThere = ({ id, desire, instances }: Wanted): boolean => {
    const workload = byId.get(id);
    return workload?.desire === desire && workload.instances.length === instances;
  };
  const unwanted = observed.filter((workload) => !wanted.has(workload.id)).map((workload) => workload.id);
  return [...unwanted, ...desired.filter((row) => row.targets.length > 0 && !isThere(row)).map((row) => row.id)];
};

/**
 * Where a workload answers now, as many targets as before; one that does not answer yet, or is gone, has no address: the one that
 * it had may be another app's by now. Pure.
 */
export const followed = (targets: readonly RouteTarget[], instances: readonly Instance[]): RouteTarget[] =>
  targets.map((target, index) => {
    const instance = instances[index];
    const serves = instance && (instance.state !== "starting" || instance.instance === target.instance);
    return serves ? { instance: instance.instance, address: instance.address } : { instance: target.instance, address: "" };
  });

/**
 * Addresses differ after the machine was started anew. Only what serves already is looked at: what starts is told by its deployment.
 * Gives whether the table has changed.
 */
const followTargets = async (control: Control, { desired, observed }: Look): Promise<boolean> => {
  const byId = new Map(observed.map((workload) => [workload.id, workload]));
  let changed = false;
  for (const row of desired) {
    const targets = followed(row.targets, byId.get(row.id)?.instances ?? []);
    if (isDeepStrictEqual(targets, row.targets)) continue;
    changed = (await moveTargets(control.database, row.id, { from: row.targets, to: targets })) || changed;
  }
  return changed;
};

/** Brings the edges to where instances answer now. Rejects while the host is away: nobody knows it then. */
export const followHost = async (control: Control): Promise<void> => {
  await followTargets(control, await look(control));
  control.routes.open();
  await control.routes.publish();
};

const settleMs = 500;
const followEveryMs = 250;
const roundsMax = 5;

/** What is desired, with what it takes to run it: of one moment, and not changed while the secrets were opened. */
const steadyDesire = async (control: Control) => {
  for (let desired = await desiredWorkloads(control.database); ; ) {
    const workloads = await Promise.all(desired.map(async (row) => ({ spec: await specOf(control, row), desire: row.desire })));
    const again = await desiredWorkloads(control.database);
    if (isDeepStrictEqual(again, desired)) return { desired, workloads };
    desired = again;
  }
};

/** Waits for the host. What it has started serves meanwhile: one slow app keeps no other one waiting. */
const following = async <T>(control: Control, reconciled: Promise<T>): Promise<T> => {
  const over = new AbortController();
  const done = reconciled.finally(() => over.abort());
  done.catch(() => {});
  while (!over.signal.aborted) {
    await Promise.race([done.catch(() => {}), sleep(followEveryMs, undefined, { ref: false })]);
    if (!over.signal.aborted)
      await followHost(control).catch((error: unknown) => control.log.info("following the host is tried again", { error: String(error) }));
  }
  return done;
};

/** Tells the host everything that should be there, and the edges where it answers. What changes meanwhile is told again. */
export const reconcile = async (control: Control): Promise<void> => {
  for (let round = 0; round < roundsMax; round += 1) {
    const { desired, workloads } = await steadyDesire(control);
    const observed = await following(control, control.host.reconcile({ workloads }));
    // Read anew: while the host was at work, targets were followed.
    const now = await desiredWorkloads(control.database);
    await followTargets(control, { desired: now, observed: observed.workloads });
    if (differences(now, observed.workloads).every((id) => differences(desired, observed.workloads).includes(id))) break;
  }
  await control.routes.publish();
};

/**
 * Looks whether the host still has what is desired, and brings it there when not: what only changes just now is right a moment later.
 * Instances that have come up since, late or after many tries, are served from then on.
 */
export const watchHost = async (control: Control): Promise<void> => {
  const { desired, observed } = await look(control);
  if (await followTargets(control, { desired, observed })) await control.routes.publish();
  const before = differences(desired, observed);
  if (before.length === 0) return;
  await sleep(settleMs);
  const now = await look(control);
  const still = differences(now.desired, now.observed);
  if (still.some((id) => before.includes(id))) await reconcile(control);
};
