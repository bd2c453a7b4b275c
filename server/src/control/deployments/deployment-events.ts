// Events of deployments: how each has ended, told in the transaction that ends it.
import type { Query } from "#platform/database.ts";
import type { Installation } from "#platform/installation.ts";
import { announce } from "../outbox/outbox-store.ts";
import { toDeployment } from "./deployment.ts";
import { deploymentOf } from "./deployment-store.ts";

/** For one that has not become live: `makeLive` tells of those that have. */
export const tellEnded = async (query: Query, installation: Pick<Installation, "httpsPort">, id: string): Promise<void> => {
  const row = await deploymentOf(query, id);
  if (row?.state !== "failed" && row?.state !== "cancelled") return;
  await announce(query, { tenant: row.tenant, topic: `deployment.${row.state}`, subject: id, data: toDeployment(row, installation) });
};
