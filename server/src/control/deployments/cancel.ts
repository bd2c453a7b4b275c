// Cancels deployments: one that waits ends at once, one that runs is told to end.
import { SlipError } from "@slipstream/contract/errors.ts";
import { failureOf } from "@slipstream/contract/failure.ts";
import type { DeploymentState } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import { lockApp } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import type { DeploymentRow } from "./deployment.ts";
import { tellEnded } from "./deployment-events.ts";
import { deploymentOf, openOfApp, requestCancel } from "./deployment-store.ts";
import { giveBackSettings } from "./settings.ts";

type Of = Pick<Control["installation"], "httpsPort">;

/** Gives the state afterwards; undefined where it has ended before. */
export const askToCancel = async (
  query: Query,
  installation: Of,
  row: Pick<DeploymentRow, "id" | "appId" | "kind" | "request">,
): Promise<DeploymentState | undefined> => {
  const state = await requestCancel(query, row.id, failureOf("queue", new SlipError("cancelled")));
  if (state !== "cancelled") return state;
  await giveBackSettings(query, row);
  await tellEnded(query, installation, row.id);
  return state;
};

/** All of an app that has not ended. Gives the ids, for `tellCancelled`. */
export const cancelOpen = async (query: Query, installation: Of, appId: string): Promise<string[]> => {
  await lockApp(query, appId);
  const ids = await openOfApp(query, appId);
  for (const id of ids) {
    const row = await deploymentOf(query, id);
    if (row) await askToCancel(query, installation, row);
  }
  return ids;
};

export const tellCancelled = (control: Pick<Control, "runs" | "changes">, ids: readonly string[]): void => {
  for (const id of ids) {
    control.runs.cancel(id);
    control.changes.emit(id);
  }
};
