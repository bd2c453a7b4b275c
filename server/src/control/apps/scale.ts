// Another number of instances for what is live. More: they start, then requests go to them. Fewer: requests stop going to them,
// and after the time to drain they end.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Control } from "../control.ts";
import { deploymentOf } from "../deployments/deployment-store.ts";
import { patiently } from "../deployments/patience.ts";
import { specOf } from "../deployments/steps/start.ts";
import { type DesiredRow, desiredWorkloads, saveTargets, setInstances, targetsOf } from "../workloads/workload-store.ts";
import { appOf, setAppInstances } from "./app-store.ts";

/** What a workload is to have: instances that run, of which the first take requests. */
interface Count {
  running: number;
  serving: number;
}

const startOrEnd = async (control: Control, row: DesiredRow, { running, serving }: Count): Promise<void> => {
  const spec = await specOf(control, { ...row, instances: running });
  const result = await patiently(undefined, () => control.host.ensure(spec));
  if (result.outcome === "failed") {
    const { code, summary, evidence } = result.failure;
    throw new SlipError("conflict", `The new instances did not start: ${summary} (${code})`, { evidence });
  }
  await saveTargets(control.database, row.id, targetsOf(result.workload, serving));
  await control.routes.publish();
};

/** The number is wanted before the host is asked: who brings the host to what is wanted would end what is just being started. */
const ensureCount = async (control: Control, row: DesiredRow, count: Count): Promise<void> => {
  await setInstances(control.database, row.id, count.running);
  try {
    await startOrEnd(control, row, count);
  } catch (error) {
    await setInstances(control.database, row.id, row.instances);
    throw error;
  }
};

/** Takes requests from all but the first instances; the others end later, where the workload still serves then. */
const shrink = async (control: Control, workload: string, instances: number): Promise<void> => {
  await control.database.begin(async (query) => {
    const [row] = await desiredWorkloads(query, [workload]);
    await saveTargets(query, workload, (row?.targets ?? []).slice(0, instances));
  });
  await control.routes.publish();
};

/** After the drain: the host ends the instances that nobody asks any more. */
export const finishShrink = async (control: Control, appId: string): Promise<void> => {
  const workload = await liveWorkload(control, appId);
  const [row] = workload === undefined ? [] : await desiredWorkloads(control.database, [workload]);
  if (row && row.targets.length > 0 && row.targets.length < row.instances)
    await ensureCount(control, row, { running: row.targets.length, serving: row.targets.length });
};

const liveWorkload = async ({ database }: Control, appId: string): Promise<string | undefined> => {
  const app = await appOf(database, appId);
  const live = app?.liveDeployment ? await deploymentOf(database, app.liveDeployment) : undefined;
  return live?.workload ?? undefined;
};

/** What somebody asked for stays so with later releases; what the app does by itself is found anew. */
export const scaleApp = async (control: Control, appId: string, { instances, byItself = false }: { instances: number; byItself?: boolean }): Promise<void> => {
  const workload = await liveWorkload(control, appId);
  const [row] = workload === undefined ? [] : await desiredWorkloads(control.database, [workload]);
  if (!row) throw new SlipError("conflict", "The app has no live release to scale.", { next: "Deploy it first." });
  if (instances < row.targets.length) await shrink(control, row.id, instances);
  // What is on its way out still drains, and may take requests again.
  else await ensureCount(control, row, { running: Math.max(instances, row.instances), serving: instances });
  if (!byItself) await setAppInstances(control.database, appId, instances);
};
