// The end of a deployment that did not become live: everything is as it was before, and the reason is a typed report.
import { SlipError } from "@slipstream/contract/errors.ts";
import { failureOf } from "@slipstream/contract/failure.ts";
import type { FailureReport } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import { asDiskFull } from "#platform/disk-full.ts";
import { dropDomains } from "../../domains/domain-store.ts";
import { dropUnlived, liveRelease } from "../../releases/release-store.ts";
import { pointRoutes } from "../../routes/pointing.ts";
import { removeRoutes, routedTo } from "../../routes/route-store.ts";
import { dropWorkload, retireWorkload } from "../../workloads/workload-store.ts";
import { type DeploymentRow, toDeployment } from "../deployment.ts";
import { tellEnded } from "../deployment-events.ts";
import { endDeployment, type Facts, saveFacts } from "../deployment-store.ts";
import type { Run } from "../run.ts";
import { giveBackSettings } from "../settings.ts";
import { endingOf, tell } from "../story.ts";
import { DeploymentCancelled, DeploymentFailed } from "./step.ts";

/** Long enough for a host that answers; what it did not remove by then goes when it compares with what is desired. */
const removeMs = 1_500;

const reportOf = (run: Run, error: unknown): FailureReport => {
  if (run.signal.aborted || error instanceof DeploymentCancelled) return failureOf(run.phase, new SlipError("cancelled"));
  if (error instanceof DeploymentFailed) return error.failure;
  const known = error instanceof SlipError ? error : asDiskFull(error);
  if (known) return failureOf(run.phase, known, run.row.app);
  run.control.log.error("a deployment ended with a defect", error, { deployment: run.row.id });
  return failureOf(run.phase, new SlipError("internal", error instanceof Error ? error.message : String(error)), run.row.app);
};

/** Back to the release that is live; without one the app has no routes. Gives whether anything changed. */
const switchBack = async (query: Query, run: Run): Promise<boolean> => {
  const { appId, id } = run.row;
  if (!(await routedTo(query, id))) return false;
  const live = await liveRelease(query, appId);
  if (live && run.row.liveDeployment !== null) await pointRoutes(query, { appId, deployment: run.row.liveDeployment, release: live });
  else await removeRoutes(query, appId);
  return true;
};

/** Instances of its own go; those of a parked release are parked again. */
const giveUpWorkload = async (query: Query, run: Run): Promise<void> => {
  const { id, workload } = run.row;
  if (workload !== null && workload !== id) await retireWorkload(query, workload);
  await dropWorkload(query, id);
};

/** What those who watched were told of it: written down once more, for good, as PostgreSQL may have lost it meanwhile. */
const tellsOf = ({ source, commit, artifact, release }: DeploymentRow): Facts => ({
  ...(source === null ? {} : { source }),
  ...(commit === null ? {} : { commit }),
  ...(artifact === null ? {} : { artifact }),
  ...(release === null ? {} : { release }),
});

export const endWithout = async (run: Run, error: unknown): Promise<void> => {
  const { control, row } = run;
  const failure = reportOf(run, error);
  const state = failure.code === "cancelled" || failure.code === "superseded" ? "cancelled" : "failed";
  const served = await control.database.begin((query) => switchBack(query, run));
  if (served) await control.routes.publish();
  await control.database.begin((query) => giveUpWorkload(query, run));
  await control.host
    .remove({ id: row.id, neverServed: !served }, { timeoutMs: removeMs })
    .catch((reason: unknown) => control.log.warn("instances are removed later", { deployment: row.id, reason: String(reason) }));
  const phases = run.closed();
  await run.settled();
  await control.database.begin(async (query) => {
    if (!(await endDeployment(query, row.id, { state, phases, failure }))) return;
    await saveFacts(query, row.id, tellsOf(run.row));
    await giveBackSettings(query, row);
    await dropDomains(query, row.id);
    await dropUnlived(query, row.id);
    await tellEnded(query, control.installation, row.id);
  });
  run.learn({ state, phase: null, phases, failure, endedAt: new Date() });
  tell(control, run.row, endingOf(run.row));
  control.changes.emit(row.id, toDeployment(run.row, control.installation));
};
