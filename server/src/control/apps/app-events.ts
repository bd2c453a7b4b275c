// Events of apps, told in the transaction of the change.
import type { Query } from "#platform/database.ts";
import type { Installation } from "#platform/installation.ts";
import { announce } from "../outbox/outbox-store.ts";
import { toApp } from "./app.ts";
import { appOf } from "./app-store.ts";

type Of = Pick<Installation, "httpsPort">;

export const tellOfApp = async (query: Query, installation: Of, { topic, appId }: { topic: "app.created" | "app.restored"; appId: string }): Promise<void> => {
  const row = await appOf(query, appId);
  if (row) await announce(query, { tenant: row.tenant, topic, subject: appId, data: toApp(row, installation) });
};

/** It has its new name already. */
export const tellRenamed = async (query: Query, installation: Of, { appId, before }: { appId: string; before: string }): Promise<void> => {
  const row = await appOf(query, appId);
  if (row) await announce(query, { tenant: row.tenant, topic: "app.renamed", subject: appId, data: { ...toApp(row, installation), before } });
};
