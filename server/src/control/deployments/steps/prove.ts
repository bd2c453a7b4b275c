// Phase "prove": a request from outside, through the edge, answered by the new release itself.
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Control } from "../../control.ts";

const deadlineMs = 15_000;
const requestMs = 10_000;
const pauseMs = 50;

/** Every proof has a connection of its own, as a new visitor has; only the TLS session is taken up again. */
const agent = new https.Agent({ keepAlive: false, maxCachedSessions: 1_000 });

interface Answer {
  status: number;
  deployment: string | undefined;
  artifact: string | undefined;
}
export interface Expected {
  host: string;
  path: string;
  deployment: string;
  artifact: string;
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

const request = ({ authority, proofKey, installation }: Control, { host, path }: Expected, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = https.request(
      {
        host: "127.0.0.1",
        port: installation.httpsPort,
        servername: host,
        path,
        headers: { host, "slip-prove": proofKey, "user-agent": "slipstream" },
        ca: authority.certificate,
        agent,
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
export const objection = (answer: Answer, expected: Pick<Expected, "deployment" | "artifact">): string | undefined => {
  if (answer.deployment === undefined) return `The edge answered with status ${answer.status}, from no release.`;
  if (answer.deployment !== expected.deployment) return `The deployment ${answer.deployment} answered.`;
  if (answer.artifact !== expected.artifact) return `The artifact ${answer.artifact} answered.`;
  return answer.status >= 500 ? `The release answered with status ${answer.status}.` : undefined;
};

/** Whether an instance of the deployment has ended since it was healthy: then that is why nothing answers. */
const isCrashing = async ({ host }: Control, deployment: string): Promise<boolean> => {
  const { workloads } = await host.status({}).catch(() => ({ workloads: [] }));
  return workloads.some(({ id, instances }) => id === deployment && instances.some(({ restarts, state }) => restarts > 0 || state === "backoff"));
};

/** Returns when the expected release answered. Throws `not_proven` when it did not until the deadline, or `crash_loop` when it crashes. */
export const prove = async (control: Control, expected: Expected, signal: AbortSignal): Promise<void> => {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const why = await request(control, expected, signal).then(
      (answer) => objection(answer, expected),
      (error: Error) => error.message,
    );
    signal.throwIfAborted();
    if (why === undefined) return;
    if (performance.now() > until)
      throw new SlipError((await isCrashing(control, expected.deployment)) ? "crash_loop" : "not_proven", undefined, { evidence: [why] });
    await sleep(pauseMs);
  }
};
