// The end of an app: first nobody reaches it, then nothing of it runs. So it is kept for a while, and then, or when asked, purged.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { wallClock } from "#platform/clock.ts";
import type { Control } from "../control.ts";
import { cancelOpen, tellCancelled } from "../deployments/cancel.ts";
import { patiently } from "../deployments/patience.ts";
import { type Submitting, submitTask } from "../deployments/submission.ts";
import { journal } from "../journal/journal-store.ts";
import { announce } from "../outbox/outbox-store.ts";
import { releasesOfApp } from "../releases/release-store.ts";
import { removeRoutes } from "../routes/route-store.ts";
import { insertTask, type OpenTask } from "../tasks/task-store.ts";
import { workloadsOfApp } from "../workloads/workload-store.ts";
import { type AppRow, appOf, deleteApp, destroyedApps, keptUntil, lockApp, markDestroyed } from "./app-store.ts";

/** What is told of an app that is purged, in the journal. */
export const purgedForGood = "It was purged: nothing of the app is kept.";

/** Every process that keeps lines deletes its own. */
const removeLogs = async ({ host, routes, logWriter }: Control, { tenant, project, name: app }: AppRow): Promise<void> => {
  const named = { tenant, project, app };
  await Promise.all([logWriter.removeApp(tenant, project, app), patiently(undefined, () => host.removeLogs(named)), routes.edges.removeLogs(named)]);
};

/** From here on nobody reaches it, and nothing but a restoration begins; what has begun makes way. */
const close = (control: Control, { id, tenant, name: app, project }: AppRow): Promise<string[]> =>
  control.database.begin(async (query) => {
    const cancelled = await cancelOpen(query, control.installation, id);
    await removeRoutes(query, id);
    if (await markDestroyed(query, id)) await announce(query, { tenant, topic: "app.destroyed", subject: id, data: { app, project, tenant } });
    return cancelled;
  });

const removeWorkloads = async ({ database, host }: Control, appId: string): Promise<void> => {
  const workloads = await workloadsOfApp(database, appId);
  await database`delete from workloads where app_id = ${appId}`;
  await Promise.all(workloads.map(({ id }) => patiently(undefined, () => host.remove({ id }))));
};

const purge = async (control: Control, row: AppRow): Promise<void> => {
  const { id, tenant, project, name: app } = row;
  await removeLogs(control, row);
  await control.database.begin(async (query) => {
    await deleteApp(query, id);
    await announce(query, { tenant, topic: "app.purged", subject: id, data: { app, project, tenant } });
  });
};

export interface Destroyed {
  /** How many releases there were. */
  releases: number;
  /** ISO time until which it can be restored; absent where nothing is kept. */
  keptUntil?: string;
}

/** Each part can be done again. An app that is gone already has no releases. */
export const destroyApp = async (control: Control, appId: string, of: { purge: boolean }): Promise<Destroyed> => {
  const { database, routes } = control;
  const app = await appOf(database, appId);
  if (!app) return { releases: 0 };
  const releases = (await releasesOfApp(database, appId)).length;
  tellCancelled(control, await close(control, app));
  await routes.publish();
  control.commands.end(appId);
  await removeWorkloads(control, appId);
  if (of.purge) {
    await purge(control, app);
    return { releases };
  }
  const { destroyedAt } = (await appOf(database, appId)) ?? {};
  if (!destroyedAt) throw new SlipError("conflict", `The app ${app.name} was restored meanwhile.`);
  return { releases, keptUntil: keptUntil(destroyedAt).toISOString() };
};

const beginPurge = (
  { database }: Pick<Control, "database">,
  { id: appId, tenant, name: app }: Awaited<ReturnType<typeof destroyedApps>>[number],
): Promise<OpenTask | undefined> =>
  database.begin(async (query) => {
    const { destroyedAt } = (await lockApp(query, appId)) ?? {};
    if (!destroyedAt || wallClock.ageMs(destroyedAt.getTime()) < limit("destroyedKeptMs")) return undefined;
    const by = { tenant, actor: "slipstream", requestId: "maintenance", journaled: false };
    await journal(query, by, { operation: "apps.destroy", app, input: { app, purge: true }, noUndo: purgedForGood });
    return insertTask(query, { appId, tenant, input: { kind: "destroy", purge: true }, idempotencyKey: undefined });
  });

/** Purges the apps whose time is over. */
export const purgeOverdue = async (control: Submitting & Pick<Control, "database">): Promise<void> => {
  for (const app of await destroyedApps(control.database)) {
    if (wallClock.ageMs(app.destroyedAt.getTime()) < limit("destroyedKeptMs")) continue;
    const task = await beginPurge(control, app);
    if (task) await submitTask(control, task);
  }
};
