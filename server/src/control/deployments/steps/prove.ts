// Phase "prove": a request from outside, through the edge, answered by the new release itself.
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { OwnAnswer } from "@slipstream/contract/ports/edge.ts";
import type { FailureReport } from "@slipstream/contract/words.ts";
import type { Control } from "../../control.ts";
import { type Ahead, connectToEdge } from "./ahead.ts";
import { DeploymentFailed } from "./step.ts";

const deadlineMs = 15_000;
const requestMs = 10_000;
const pauseMs = 50;
const crashMs = 2_000;
/** It may have ended while the routes were being switched. */
const beforeMs = 5_000;
export const freshProofs = 3;

export interface Expected {
  host: string;
  path: string;
  deployment: string;
  artifact: string;
  /** How many requests it has to answer: one that has been live before has answered many. */
  proofs: number;
  /** Whose instances answer. */
  workload: string;
  /** For the first request. */
  ahead?: Ahead;
  /** What an edge has been answered that asked itself. */
  answer?: OwnAnswer | undefined;
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** Every proof has a connection of its own, as a new visitor has; only the TLS session is taken up again. */
const request = (control: Control, { host, path, ahead }: Expected, signal: AbortSignal): Promise<OwnAnswer> =>
  new Promise((resolve, reject) => {
    const sent = https.request(
      {
        createConnection: () => ahead?.take(host) ?? connectToEdge(control, host),
        path,
        headers: { host, "slip-prove": control.proofKey, "user-agent": "slipstream", connection: "close" },
        timeout: requestMs,
        signal,
      },
      (answer) => {
        answer.destroy();
        const { headers, statusCode = 0 } = answer;
        resolve({ status: statusCode, deployment: one(headers["slip-deployment"]), artifact: one(headers["slip-artifact"]) });
      },
    );
    sent.on("timeout", () => sent.destroy(new Error(`no answer in ${requestMs} ms`)));
    sent.on("error", reject);
    sent.end();
  });

/** Why an answer proves nothing; undefined when it does. */
export const objection = (answer: OwnAnswer, expected: Pick<Expected, "deployment" | "artifact">): string | undefined => {
  if (answer.deployment === undefined) return `The edge answered with status ${answer.status}, from no release.`;
  if (answer.deployment !== expected.deployment) return `The deployment ${answer.deployment} answered.`;
  if (answer.artifact !== expected.artifact) return `The artifact ${answer.artifact} answered.`;
  return answer.status >= 500 ? `The release answered with status ${answer.status}.` : undefined;
};

/** Why an instance has ended since it was healthy, where one has. */
const crashOf = async ({ host }: Control, workload: string, withinMs: number): Promise<FailureReport | undefined> =>
  (await host.crash({ id: workload, withinMs }, { timeoutMs: crashMs }).catch(() => undefined))?.failure;

const ask = (control: Control, expected: Expected, signal: AbortSignal): Promise<string | undefined> =>
  request(control, expected, signal).then(
    (answer) => objection(answer, expected),
    (error: Error) => error.message,
  );

/** Whether an edge has asked for all that is to be asked. */
const isAnswered = ({ answer, ...expected }: Expected): boolean => expected.proofs === 1 && answer !== undefined && objection(answer, expected) === undefined;

/** More than one: some programs answer once, and die of what comes next. */
const askAll = async (control: Control, expected: Expected, signal: AbortSignal): Promise<string | undefined> => {
  const why = await ask(control, expected, signal);
  if (why !== undefined) return why;
  const more = await Promise.all(Array.from({ length: expected.proofs - 1 }, () => ask(control, expected, signal)));
  return more.find((each) => each !== undefined);
};

/** Returns when the expected release answered. Throws `not_proven` when it did not until the deadline, and at once when it has crashed. */
export const prove = async (control: Control, expected: Expected, signal: AbortSignal): Promise<void> => {
  if (isAnswered(expected)) return;
  const started = performance.now();
  for (;;) {
    const why = await askAll(control, expected, signal);
    signal.throwIfAborted();
    if (why === undefined) return;
    const elapsedMs = performance.now() - started;
    const crash = await crashOf(control, expected.workload, elapsedMs + beforeMs);
    if (crash) throw new DeploymentFailed(crash);
    if (elapsedMs > deadlineMs) throw new SlipError("not_proven", undefined, { evidence: [why] });
    await sleep(pauseMs);
  }
};
