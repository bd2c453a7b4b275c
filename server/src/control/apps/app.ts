// What an app is, as pure rules over its row.
import type { App } from "@slipstream/contract/words.ts";
import type { Installation } from "#platform/installation.ts";
import { addressOf } from "../control.ts";
import { defaultHost } from "../deployments/deployment.ts";
import { type AppRow, keptUntil } from "./app-store.ts";

const stateOf = ({ destroyedAt, liveDeployment }: AppRow): App["state"] => (destroyedAt !== null ? "destroyed" : liveDeployment === null ? "new" : "live");

/** The row as clients see it. */
export const toApp = (row: AppRow, installation: Pick<Installation, "httpsPort">): App => ({
  app: row.name,
  project: row.project,
  tenant: row.tenant,
  url: addressOf(installation, defaultHost(row.name)),
  state: stateOf(row),
  ...(row.release === null ? {} : { release: row.release }),
  ...(row.liveDeployment === null ? {} : { deployment: row.liveDeployment }),
  instances: row.serving,
  createdAt: row.createdAt.toISOString(),
  ...(row.destroyedAt === null ? {} : { destroyedAt: row.destroyedAt.toISOString(), keptUntil: keptUntil(row.destroyedAt).toISOString() }),
});
