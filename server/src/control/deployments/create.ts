// A new deployment: its row, what it supersedes and the journal in one transaction, then the work is handed over.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { failureOf } from "@slipstream/contract/failure.ts";
import type { Deployment, DeploymentKind } from "@slipstream/contract/words.ts";
import type { Query } from "#platform/database.ts";
import { whileAway } from "#platform/database-away.ts";
import { newId } from "#platform/ids.ts";
import { spend } from "../access/budget.ts";
import type { Call, Subject } from "../api/call.ts";
import { keepAnswer } from "../api/claim-store.ts";
import { tellOfApp } from "../apps/app-events.ts";
import { ensureApp, expectDestroyed, lockApp } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import type { Inverse } from "../journal/entry.ts";
import { AlreadyJournaled, journal } from "../journal/journal-store.ts";
import { beginAlone } from "./alone.ts";
import { doAtOnce, isQuick } from "./at-once.ts";
import { type DeploymentRequest, type DeploymentRow, isOpen, joinSettings, supersededBy, toDeployment } from "./deployment.ts";
import { tellEnded } from "./deployment-events.ts";
import {
  beginIfAlone,
  deploymentOf,
  deploymentWithKey,
  insertDeployment,
  isKept,
  type Superseded,
  saveSettings,
  supersedeWaiting,
} from "./deployment-store.ts";
import type { Prepared } from "./prepared.ts";
import { submitDeployment } from "./submission.ts";
import { endedSoon } from "./watch.ts";

export interface Asked {
  app: string;
  /** Where it is known; else the app is made when it is new. */
  appId?: string;
  /** Of an app that is new. */
  project?: string | undefined;
  kind: DeploymentKind;
  request: DeploymentRequest;
  source?: string | undefined;
  commit?: string | undefined;
  /** slip.toml, where it was read already. */
  config?: AppConfig | undefined;
  /** For the journal. */
  operation: string;
  input: Record<string, unknown>;
  inverse?: Inverse | undefined;
  noUndo?: string | undefined;
  /** Finds out what undoes it, while nobody else can change the app. */
  undo?: (query: Query, appId: string) => Promise<Undo>;
  /** What changes with it, in the same transaction. */
  alongside?: (query: Query, appId: string) => Promise<void>;
  /** Begins what its first step would, while the row is written. Called only where nothing but that begins with it. */
  prepare?: (() => Prepared) | undefined;
  /** The answer that holds the deployment; where it does not say, that alone. */
  answer?: (deployment: Deployment) => unknown;
}

/** What undoes a change, or why nothing does. */
export interface Undo {
  inverse?: Inverse;
  noUndo?: string;
}

interface Inserted {
  row: DeploymentRow;
  superseded: readonly Superseded[];
  /** It has begun already, because nothing else of the app is under way or waits. */
  isBegun: boolean;
  prepared?: Prepared | undefined;
}

/** There is a deployment with this idempotency key already: what was sent after it is taken back. */
class IsThere extends Error {}

/** Where the answer to the commit was lost, it is its own deployment that has moved the app. */
const expectUnmoved = async (query: Query, call: Call, subject: Subject): Promise<void> => {
  if (call.expects === undefined) return;
  const { tenant, idempotencyKey: key } = call;
  if (key !== undefined && (await deploymentWithKey(query, tenant, key))) throw new IsThere();
  await call.expects.check(query, subject);
};

const insert = (control: Control, call: Call, asked: Asked): Promise<Inserted> =>
  control.database.begin(async (query) => {
    const { id: appId, isNew: isNewApp } =
      asked.appId === undefined ? await ensureApp(query, call.tenant, asked.app, asked.project) : { id: asked.appId, isNew: false };
    await expectUnmoved(query, call, { app: appId, isNew: isNewApp });
    if (isNewApp) await tellOfApp(query, control.installation, { topic: "app.created", appId });
    // Those who come at the same time go through the lock one after the other, and see each other. An id is made behind it: the greatest is
    // that of the last, which takes the place of the others.
    const app = await lockApp(query, appId);
    const id = newId("dep");
    const { kind, request, source, commit, config, answer = (it: Deployment) => it } = asked;
    const undo = await asked.undo?.(query, appId);
    // Sent without waiting for one another, done in this order.
    const [isNew, superseded, isBegun, , row] = await Promise.all([
      insertDeployment(query, {
        id,
        appId,
        tenant: call.tenant,
        kind,
        request,
        source,
        commit,
        config,
        idempotencyKey: call.idempotencyKey,
        grantId: call.token.grantId,
      }),
      supersedeWaiting(query, { appId, except: id, kinds: supersededBy(kind), failure: failureOf("queue", new SlipError("superseded")) }),
      beginIfAlone(query, { id, appId }),
      journal(query, call, { ...asked, ...undo, deployment: id }),
      deploymentOf(query, id),
    ]);
    if (!isNew) throw new IsThere();
    expectDestroyed(app, kind === "restore");
    if (!row) throw new Error(`Deployment ${id} is not there.`);
    await spend(query, call, { app: isNewApp, build: kind === "deploy" });
    await asked.alongside?.(query, appId);
    if (kind === "config") await saveSettings(query, id, joinSettings([request.settings, ...superseded.map((it) => it.request.settings)]));
    for (const it of superseded) await tellEnded(query, control.installation, it.id);
    await keepAnswer(query, call, answer(toDeployment(row, control.installation)));
    return { row, superseded, isBegun };
  });

/** Whether nothing but its row, the journal and the answer begins with it. */
const isPlain = (call: Call, { kind, undo, alongside, answer }: Asked): boolean =>
  (kind === "rollback" || kind === "restart") && !(undo ?? alongside ?? answer) && !(call.expects ?? call.undoes ?? call.approved ?? call.within);

/** One that is over within milliseconds is not waited for to be on the disk: all that is told of it is, and comes after. */
const begunAlone = async ({ database, progress, installation }: Control, call: Call, { appId, prepare, ...asked }: Asked): Promise<Inserted | undefined> => {
  if (appId === undefined || !isPlain(call, asked)) return undefined;
  const beginning = beginAlone(isQuick(asked.kind) ? progress : database, { installation, call }, { ...asked, appId });
  const prepared = prepare?.();
  const row = await beginning;
  return row && { row, superseded: [], isBegun: true, prepared };
};

/** With an idempotency key also a commit whose answer was lost is asked again: where it was made, its deployment is found by the key. */
const insertOnce = async (control: Control, call: Call, asked: Asked): Promise<Inserted | undefined> => {
  const ask = async (): Promise<Inserted> => (await begunAlone(control, call, asked)) ?? insert(control, call, asked);
  try {
    return await (call.idempotencyKey === undefined ? ask() : whileAway(ask));
  } catch (error) {
    if (error instanceof IsThere || error instanceof AlreadyJournaled) return undefined;
    throw error;
  }
};

const begin = (control: Control, row: DeploymentRow, inserted: Inserted | undefined): Promise<void> => {
  if (!(inserted?.isBegun && control.driver.isIdle(row.appId))) return submitDeployment(control, row);
  return doAtOnce(control.work ?? control, row, inserted.prepared);
};

/** The deployment that an earlier request with the call's idempotency key began. */
export const begunBefore = async (control: Control, call: Call): Promise<Deployment | undefined> => {
  if (call.idempotencyKey === undefined) return undefined;
  const row = await deploymentWithKey(control.database, call.tenant, call.idempotencyKey);
  if (row) call.journaled = true;
  return row && toDeployment(row, control.installation);
};

/** What is live within milliseconds is answered as it ended: nobody need ask what became of it. */
const quickMs = 250;

/** As it ended, which is on the disk; else as it began, once that is. */
const endedOrKept = async (control: Control, begun: Deployment): Promise<Deployment> => {
  const soon = await endedSoon(control, begun, quickMs);
  if (!isOpen(soon.state) || (await isKept(control.database, begun.deployment))) return soon;
  throw new SlipError("unreachable", "The database was started anew before the deployment was on the disk.");
};

/** The same idempotency key gives the same deployment, also when the answer to the first request was lost. */
export const createDeployment = async (control: Control, call: Call, asked: Asked): Promise<Deployment> => {
  const inserted = await insertOnce(control, call, asked);
  const row = inserted?.row ?? (await deploymentWithKey(control.database, call.tenant, call.idempotencyKey ?? ""));
  if (!row) throw new SlipError("internal", "The deployment is not there.");
  if (isOpen(row.state)) void begin(control, row, inserted);
  for (const { id } of inserted?.superseded ?? []) control.changes.emit(id);
  const deployment = toDeployment(row, control.installation);
  return inserted?.isBegun === true && isQuick(row.kind) ? endedOrKept(control, deployment) : deployment;
};
