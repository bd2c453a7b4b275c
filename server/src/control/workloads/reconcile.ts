// Brings the host to what PostgreSQL says: what should run runs, and nothing else. Never the other way round.
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Control } from "../control.ts";
import { specOf } from "../deployments/steps/start.ts";
import { desiredWorkloads } from "./workload-store.ts";

/** Brings the edges to where instances answer now. Rejects while the host is away: nobody knows it then. */
export const followHost = async (control: Control): Promise<void> => {
  await control.hostWatch.look(control);
  control.routes.open();
  await control.routes.publish();
};

const settleMs = 500;
const followEveryMs = 250;
const roundsMax = 5;
/** Told to the host in one call, secrets and all. */
const broughtAtOnce = 100;

/** What is desired of these, with what it takes to run it: of one moment, and not changed while the secrets were opened. */
const steadyDesire = async (control: Control, ids: readonly string[]) => {
  for (let desired = await desiredWorkloads(control.database, ids); ; ) {
    const workloads = await Promise.all(desired.map(async (row) => ({ spec: await specOf(control, row), desire: row.desire })));
    const again = await desiredWorkloads(control.database, ids);
    if (isDeepStrictEqual(again, desired)) return workloads;
    desired = again;
  }
};

const bringSome = async (control: Control, ids: readonly string[]): Promise<void> => {
  const workloads = await steadyDesire(control, ids);
  const wanted = new Set(workloads.map(({ spec }) => spec.id));
  await control.host.reconcile({ workloads, unwanted: ids.filter((id) => !wanted.has(id)) });
};

/** All at the same time: how many the host starts at once is its own to say. */
const bring = async (control: Control, ids: readonly string[]): Promise<void> => {
  const pieces = Array.from({ length: Math.ceil(ids.length / broughtAtOnce) }, (_, index) => ids.slice(index * broughtAtOnce, (index + 1) * broughtAtOnce));
  await Promise.all(pieces.map((piece) => bringSome(control, piece)));
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

/** Tells the host what should be there of these, and the edges where it answers. What changes meanwhile is told again. */
const reconcileThese = async (control: Control, ids: readonly string[]): Promise<void> => {
  for (let [round, left] = [0, ids]; round < roundsMax && left.length > 0; round += 1) {
    const told = new Set(left);
    await following(control, bring(control, left));
    // Looked at anew: while the host was at work, targets were followed. What the host was told, and did not do, it is told again later.
    left = (await control.hostWatch.look(control)).differing.filter((id) => !told.has(id));
  }
  await control.routes.publish();
};

/** Looks at everything, and brings the host there. */
export const reconcile = async (control: Control): Promise<void> => {
  const { differing } = await control.hostWatch.look(control, { anew: true, judged: "proven" });
  await reconcileThese(control, differing);
};

/**
 * Looks whether the host still has what is desired, and brings it there when not: what only changes just now is right a moment later.
 * Instances that have come up since, late or after many tries, are served from then on.
 */
export const watchHost = async (control: Control): Promise<void> => {
  const { differing, moved } = await control.hostWatch.look(control);
  if (moved) await control.routes.publish();
  if (differing.length === 0) return;
  await sleep(settleMs);
  const now = await control.hostWatch.look(control);
  const before = new Set(differing);
  const still = now.differing.filter((id) => before.has(id));
  if (still.length > 0) await reconcileThese(control, still);
};
