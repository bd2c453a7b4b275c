// A new deployment: its row, what it supersedes and the journal in one transaction, then the work is handed over.
import type { Deployment, DeploymentKind } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import type { Call } from "../api/call.ts";
import { ensureApp } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import { type DeploymentRequest, type DeploymentRow, failureOfCode, supersededBy, toDeployment } from "./deployment.ts";
import { deploymentOf, deploymentWithKey, insertDeployment, supersedeWaiting } from "./deployment-store.ts";
import { submitDeployment } from "./submission.ts";

export interface Asked {
  app: string;
  kind: DeploymentKind;
  request: DeploymentRequest;
  source?: string | undefined;
  commit?: string | undefined;
  /** For the journal. */
  operation: string;
  input: Record<string, unknown>;
  inverse?: { operation: string; input: Record<string, unknown> } | undefined;
  /** What changes with it, in the same transaction. */
  alongside?: (query: Query, appId: string) => Promise<void>;
}

interface Inserted {
  row: DeploymentRow;
  superseded: readonly string[];
}

const insert = async (control: Control, call: Call, asked: Asked): Promise<Inserted> =>
  control.database.begin(async (query) => {
    const { id: appId } = await ensureApp(query, call.tenant, asked.app);
    await asked.alongside?.(query, appId);
    const superseded = await supersedeWaiting(query, appId, supersededBy(asked.kind), failureOfCode("queue", "superseded"));
    const id = newId("dep");
    const { kind, request, source, commit } = asked;
    await insertDeployment(query, { id, appId, tenant: call.tenant, kind, request, source, commit, idempotencyKey: call.idempotencyKey });
    await journal(query, call, asked);
    const row = await deploymentOf(query, id);
    if (!row) throw new Error(`Deployment ${id} is not there.`);
    return { row, superseded };
  });

/** The same idempotency key gives the same deployment, also when the answer to the first request was lost. */
export const createDeployment = async (control: Control, call: Call, asked: Asked): Promise<Deployment> => {
  const before = call.idempotencyKey === undefined ? undefined : await deploymentWithKey(control.database, call.tenant, call.idempotencyKey);
  if (before) {
    call.journaled = true;
    return toDeployment(before, control.installation);
  }
  const { row, superseded } = await insert(control, call, asked);
  void submitDeployment(control, row);
  for (const id of superseded) control.changes.emit(id);
  return toDeployment(row, control.installation);
};
