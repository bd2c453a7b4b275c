// A change of configuration that does not become live takes its settings with it.
import type { Query } from "#platform/database.ts";
import { envValues, replaceEnv } from "../env/env-store.ts";
import { withBefore } from "../releases/release.ts";
import { liveRelease } from "../releases/release-store.ts";
import { replaceSecrets, secretVersions } from "../secrets/secret-store.ts";
import type { DeploymentRow } from "./deployment.ts";

/** Settings that came with the deployment are those of the live release again. */
export const giveBackSettings = async (query: Query, { appId, kind, request }: Pick<DeploymentRow, "appId" | "kind" | "request">): Promise<void> => {
  const { settings } = request;
  const live = settings === undefined || kind !== "config" ? undefined : await liveRelease(query, appId);
  if (settings === undefined || live === undefined) return;
  if (settings.env.length > 0) await replaceEnv(query, appId, withBefore(await envValues(query, appId), live.env, settings.env));
  if (settings.secrets.length === 0) return;
  await replaceSecrets(query, appId, withBefore(await secretVersions(query, appId), live.secretVersions, settings.secrets));
};
