// What kinds of deployments that build nothing do in place of source, build and start.
import { SlipError } from "@slipstream/contract/errors.ts";
import { liveRelease, releaseNumbered } from "../../releases/release-store.ts";
import { retiredWorkload, saveTargets, targetsOf } from "../../workloads/workload-store.ts";
import { saveFacts } from "../deployment-store.ts";
import { patiently } from "../patience.ts";
import type { Run } from "../run.ts";
import { createRelease } from "./build.ts";
import { startWorkload } from "./start.ts";
import type { Step } from "./step.ts";

const takeRelease = async (
  run: Run,
  release: { id: string; number: number; artifact: string; source: string | null; commit: string | null },
): Promise<void> => {
  const facts = {
    releaseId: release.id,
    release: release.number,
    artifact: release.artifact,
    ...(release.source === null ? {} : { source: release.source }),
    ...(release.commit === null ? {} : { commit: release.commit }),
  };
  run.learn(facts);
  await saveFacts(run.control.database, run.row.id, facts);
};

/** Config: the live release's artifact with the settings of now. Restart: the live release itself. */
export const takeLiveRelease: Step = async (run) => {
  const { control, row } = run;
  run.enter("allocate");
  if (row.releaseId !== null) return;
  const live = await liveRelease(control.database, row.appId);
  if (!live) throw new SlipError("conflict", "The app has no live release.");
  if (row.kind === "restart") return takeRelease(run, live);
  await createRelease(run, { artifact: live.artifact, config: live.config, source: live.source, commit: live.commit });
};

/** Rollback: the release, with its parked instances where it has them, else with new ones. */
export const reviveRelease: Step = async (run) => {
  const { control, row, signal } = run;
  run.enter("allocate");
  const release = await releaseNumbered(control.database, row.appId, row.request.to ?? 0);
  if (!release) throw new SlipError("nothing_to_roll_back", `Release ${row.request.to} is not kept any more.`);
  await takeRelease(run, release);
  const parked = row.workload === null ? await retiredWorkload(control.database, release.id) : undefined;
  if (!parked) return startWorkload(run);
  run.enter("start");
  // A host that has just been started may not have it yet; then a new one is as good.
  const revived = await patiently(signal, () => control.host.unpark({ id: parked.id }, { signal })).catch((error: unknown) => {
    if (error instanceof SlipError && error.code === "not_found") return undefined;
    throw error;
  });
  if (!revived) return startWorkload(run);
  run.learn({ workload: parked.id });
  await Promise.all([saveTargets(control.database, parked.id, targetsOf(revived)), saveFacts(control.database, row.id, { workload: parked.id })]);
};
