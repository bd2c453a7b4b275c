// Hands work over to Restate. The row in PostgreSQL comes first; what Restate did not take, or lost, is handed over again.
import { limit } from "@slipstream/contract/limits.ts";
import type { DeploymentKind } from "@slipstream/contract/words.ts";
import { type Control, serviceName } from "../control.ts";
import { openTasks } from "../tasks/task-store.ts";
import { type OpenDeployment, openDeployments } from "./deployment-store.ts";

/** Work that Restate lost is handed over under a new key after this long; until then the same key joins what it has. */
const attemptMs = 300_000;
const retriesMs = [50, 200, 1_000, 3_000];

const attempt = (createdAt: Date): number => Math.floor((Date.now() - createdAt.getTime()) / attemptMs);

/** What it takes to hand work over. */
export type Submitting = Pick<Control, "installation"> & { restate: Pick<Control["restate"], "send">; log: Pick<Control["log"], "warn"> };

const handOver = async (control: Submitting, of: { key: string; handler: string; input: unknown; id: string; createdAt: Date }, tries = 0): Promise<void> => {
  try {
    const { key, handler, input } = of;
    await control.restate.send({ service: serviceName(control.installation), key, handler, input, idempotencyKey: `${of.id}.${attempt(of.createdAt)}` });
  } catch (error) {
    const pauseMs = retriesMs[tries];
    if (pauseMs === undefined) control.log.warn("work is handed over later", { id: of.id, error: String(error) });
    else setTimeout(() => void handOver(control, of, tries + 1), pauseMs).unref();
  }
};

/** What the handler of deployments is given. */
export interface DeployInput {
  deployment: string;
  kind: DeploymentKind;
}

export const submitDeployment = (control: Control, { id, appId, kind, createdAt }: OpenDeployment): Promise<void> =>
  handOver(control, { key: appId, handler: "deploy", input: { deployment: id, kind } satisfies DeployInput, id, createdAt });

export const submitTask = (control: Submitting, { id, appId, createdAt }: { id: string; appId: string; createdAt: Date }): Promise<void> =>
  handOver(control, { key: appId, handler: "task", input: { task: id }, id, createdAt });

const laterMs = { retire: 250, shrink: limit("drainMs") } as const;

/** Work of an app that is due later. What is not handed over is found again when control looks for what was left undone. */
export const submitLater = async ({ restate, installation }: Control, appId: string, handler: keyof typeof laterMs): Promise<void> => {
  await restate.send({ service: serviceName(installation), key: appId, handler, input: {}, delayMs: laterMs[handler] }).catch(() => undefined);
};

/** Everything that has not ended, in its order: nothing is lost with Restate's folder. */
export const submitOpen = async (control: Control): Promise<void> => {
  for (const deployment of await openDeployments(control.database)) await submitDeployment(control, deployment);
  for (const task of await openTasks(control.database)) await submitTask(control, task);
};
