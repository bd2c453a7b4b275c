// Workloads that serve no more: they finish what is under way, then are parked or removed.
import type { Control } from "../control.ts";
import { between } from "../faults/fault-points.ts";
import { liveRelease } from "../releases/release-store.ts";
import { type Retired, type Retirement, retirements } from "./workload.ts";
import { dropWorkload, setDesire, type WorkloadRow, workloadsOfApp } from "./workload-store.ts";

/** A workload served the deployments that used it: a rollback serves from an older one's. */
const inFlight = async ({ database, routes }: Control, workload: string): Promise<number> => {
  const rows = await database<{ id: string }[]>`select id from deployments where workload = ${workload} and state <> 'waiting' order by id desc limit 5`;
  return routes.edges.inFlight(rows.map(({ id }) => id));
};

const carryOut = async (control: Control, id: string, { kind }: Retirement): Promise<void> => {
  if (kind !== "wait") control.drains.forget(id);
  if (kind === "park") {
    await setDesire(control.database, id, "parked");
    await control.host.park({ id });
  }
  if (kind === "remove") {
    await dropWorkload(control.database, id);
    // A program may take its time to end; the next deployment of the app does not wait for that. What is not wanted any more
    // is removed sooner or later, whatever becomes of this call.
    control.host.remove({ id }).catch((error: unknown) => control.log.warn("instances are removed later", { deployment: id, error: String(error) }));
  }
};

const isRetired = (row: WorkloadRow): row is WorkloadRow & { retiredAt: Date } => row.retiredAt !== null;

/** Does what can be done now. True when something still has to finish: then it is to be called again soon. */
export const retire = async (control: Control, appId: string): Promise<boolean> => {
  const [workloads, live] = await Promise.all([workloadsOfApp(control.database, appId), liveRelease(control.database, appId)]);
  const rows = workloads.filter(isRetired);
  const retired: Retired[] = await Promise.all(
    rows.map(async (row) => ({
      ...row,
      isLiveRelease: row.releaseId === live?.id,
      waitedMs: control.drains.waitedMs(row),
      inFlight: row.desire === "running" ? await inFlight(control, row.id) : 0,
    })),
  );
  const decisions = retirements(retired);
  await between(control.faultPoints, retire.name, async () => {
    for (const [id, decision] of decisions) await carryOut(control, id, decision);
  });
  return [...decisions.values()].some((decision) => decision.kind === "wait");
};
