// A new deployment: its row, what it supersedes and the journal in one transaction, then the work is handed over.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { failureOf } from "@slipstream/contract/failure.ts";
import type { Deployment, DeploymentKind } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import type { Call } from "../api/call.ts";
import { ensureApp, lockApp } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import { type DeploymentRequest, type DeploymentRow, joinSettings, supersededBy, toDeployment } from "./deployment.ts";
import { deploymentOf, deploymentWithKey, insertDeployment, type Superseded, saveSettings, supersedeWaiting } from "./deployment-store.ts";
import { submitDeployment } from "./submission.ts";

export interface Asked {
  app: string;
  /** Where it is known; else the app is made when it is new. */
  appId?: string;
  kind: DeploymentKind;
  request: DeploymentRequest;
  source?: string | undefined;
  commit?: string | undefined;
  /** slip.toml, where it was read already. */
  config?: AppConfig | undefined;
  /** For the journal. */
  operation: string;
  input: Record<string, unknown>;
  inverse?: { operation: string; input: Record<string, unknown> } | undefined;
  /** What changes with it, in the same transaction. */
  alongside?: (query: Query, appId: string) => Promise<void>;
}

interface Inserted {
  row: DeploymentRow;
  superseded: readonly Superseded[];
}

/** Undefined when there is a deployment with this idempotency key already: then nothing else changes either. */
const insert = (control: Control, call: Call, asked: Asked): Promise<Inserted | undefined> =>
  control.database.begin(async (query) => {
    const appId = asked.appId ?? (await ensureApp(query, call.tenant, asked.app)).id;
    const id = newId("dep");
    const { kind, request, source, commit, config } = asked;
    // Those who come at the same time go through here one after the other, and see each other.
    const [, isNew] = await Promise.all([
      lockApp(query, appId),
      insertDeployment(query, { id, appId, tenant: call.tenant, kind, request, source, commit, config, idempotencyKey: call.idempotencyKey }),
    ]);
    if (!isNew) return undefined;
    await asked.alongside?.(query, appId);
    const [superseded, , row] = await Promise.all([
      supersedeWaiting(query, { appId, except: id, kinds: supersededBy(kind), failure: failureOf("queue", new SlipError("superseded")) }),
      journal(query, call, asked),
      deploymentOf(query, id),
    ]);
    if (!row) throw new Error(`Deployment ${id} is not there.`);
    if (kind === "config") await saveSettings(query, id, joinSettings([request.settings, ...superseded.map((it) => it.request.settings)]));
    return { row, superseded };
  });

/** The same idempotency key gives the same deployment, also when the answer to the first request was lost. */
export const createDeployment = async (control: Control, call: Call, asked: Asked): Promise<Deployment> => {
  const inserted = await insert(control, call, asked);
  if (inserted) {
    for (const { id } of inserted.superseded) control.changes.emit(id);
    void submitDeployment(control, inserted.row);
  } else call.journaled = true;
  const row = inserted?.row ?? (await deploymentWithKey(control.database, call.tenant, call.idempotencyKey ?? ""));
  if (!row) throw new SlipError("internal", "The deployment is not there.");
  return toDeployment(row, control.installation);
};
