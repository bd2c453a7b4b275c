// What kinds of deployments that build nothing do in place of source, build and start.
import { isDeepStrictEqual } from "node:util";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Workload } from "@slipstream/contract/ports/host.ts";
import type { ReleaseRow } from "../../releases/release.ts";
import { liveRelease, releaseNumbered, reviveParked } from "../../releases/release-store.ts";
import { saveTargets, targetsOf } from "../../workloads/workload-store.ts";
import { type Facts, saveFacts } from "../deployment-store.ts";
import { patiently } from "../patience.ts";
import { type Prepared, stillHolds } from "../prepared.ts";
import type { Run } from "../run.ts";
import { makeRelease } from "./build.ts";
import { startWorkload } from "./start.ts";
import type { Step } from "./step.ts";

const learnRelease = (run: Run, release: ReleaseRow): Facts => {
  const facts = {
    releaseId: release.id,
    release: release.number,
    artifact: release.artifact,
    ...(release.source === null ? {} : { source: release.source }),
    ...(release.commit === null ? {} : { commit: release.commit }),
  };
  run.learn(facts);
  run.release = release;
  return facts;
};

const takeRelease = (run: Run, release: ReleaseRow): Promise<void> => saveFacts(run.control.progress, run.row.id, learnRelease(run, release));

/** Config: the live release's artifact with the settings of now. Restart: the live release itself. */
export const takeLiveRelease: Step = async (run) => {
  const { control, row } = run;
  run.enter("allocate");
  if (row.releaseId !== null) return;
  const live = await liveRelease(control.database, row.appId);
  if (!live) throw new SlipError("conflict", "The app has no live release.");
  if (row.kind === "restart") return takeRelease(run, live);
  await makeRelease(run, { artifact: live.artifact, config: live.config, source: live.source, commit: live.commit });
};

/** Restore: the release that was live when the app was destroyed. */
export const takeKeptRelease: Step = async (run) => {
  const { control, row } = run;
  run.enter("allocate");
  if (row.releaseId !== null) return;
  const number = row.request.to ?? 0;
  const release = await releaseNumbered(control.database, row.appId, number);
  if (!release) throw new SlipError("nothing_to_roll_back", `Release ${number} is not kept any more.`);
  await takeRelease(run, release);
};

/** A host that has just been started may not have it yet, and one that was ended may not come up: then a new one is as good, and says why not. */
const unpark = ({ control, signal }: Run, id: string): Promise<Workload | undefined> =>
  patiently(signal, () => control.host.unpark({ id }, { signal })).catch((error: unknown) => {
    if (error instanceof SlipError && (error.code === "not_found" || error.code === "unhealthy")) return undefined;
    throw error;
  });

/** What wakes already is waited for; where that came to nothing, it is asked for as ever. */
const wake = async (run: Run, id: string, prepared: Prepared | undefined): Promise<Workload | undefined> => (await prepared?.waking) ?? unpark(run, id);

/** Rollback: the release, with its parked instances where it has them, else with new ones. */
export const reviveRelease: Step = async (run) => {
  const { control, row } = run;
  run.enter("allocate");
  const to = row.request.to ?? 0;
  // First it is desired, then it is done: the other way round it would be taken for a mistake of the host, and undone. What it began with
  // is desired already, and wakes while all else is read.
  const known = stillHolds(run.prepared, row);
  const waking = row.workload === null ? undefined : wake(run, row.workload, known && run.prepared);
  waking?.catch(() => undefined);
  const { parked, release, replaced } = known ?? (await reviveParked(control.progress, { appId: row.appId, release: to, id: row.workload }));
  if (!release) throw new SlipError("nothing_to_roll_back", `Release ${to} is not kept any more.`);
  run.replaced = replaced;
  run.enter("start");
  const revived = parked && (await (parked.id === row.workload ? waking : unpark(run, parked.id)));
  if (!parked || !revived) return takeRelease(run, release).then(() => startWorkload(run));
  // The switch, which comes next, writes this down.
  learnRelease(run, release);
  run.learn({ workload: parked.id });
  const targets = targetsOf(revived);
  if (!isDeepStrictEqual(targets, parked.targets)) await saveTargets(control.progress, parked.id, targets);
};
