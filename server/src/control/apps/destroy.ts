// The end of an app: first nobody reaches it, then nothing of it runs, then nothing of it is left.
import type { Control } from "../control.ts";
import { patiently } from "../deployments/patience.ts";
import { announce } from "../outbox/outbox-store.ts";
import { releasesOfApp } from "../releases/release-store.ts";
import { removeRoutes } from "../routes/route-store.ts";
import { workloadsOfApp } from "../workloads/workload-store.ts";
import { type AppRow, appOf, deleteApp } from "./app-store.ts";

/** Every process that keeps lines deletes its own. */
const removeLogs = async ({ host, routes, logWriter }: Control, { tenant, project, name: app }: AppRow): Promise<void> => {
  const named = { tenant, project, app };
  await Promise.all([logWriter.removeApp(tenant, project, app), patiently(undefined, () => host.removeLogs(named)), routes.edges.removeLogs(named)]);
};

/** Gives how many releases there were. An app that is gone already has none. */
export const destroyApp = async (control: Control, appId: string): Promise<{ releases: number }> => {
  const { database, routes, host } = control;
  const app = await appOf(database, appId);
  if (!app) return { releases: 0 };
  const releases = await releasesOfApp(database, appId);
  await database.begin((query) => removeRoutes(query, appId));
  await routes.publish();
  control.commands.end(appId);
  const workloads = await workloadsOfApp(database, appId);
  await database`delete from workloads where app_id = ${appId}`;
  await Promise.all(workloads.map(({ id }) => patiently(undefined, () => host.remove({ id }))));
  await removeLogs(control, app);
  await database.begin(async (query) => {
    await deleteApp(query, appId);
    await announce(query, { tenant: app.tenant, topic: "app.destroyed", subject: appId, data: { app: app.name, project: app.project, tenant: app.tenant } });
  });
  return { releases: releases.length };
};
