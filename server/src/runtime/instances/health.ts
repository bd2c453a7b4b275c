// Asks a program whether it is healthy: an HTTP request from the host to its address.
import http from "node:http";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { HealthCheck } from "@slipstream/contract/ports/host.ts";

/** What came of one attempt. */
export type Answer = { kind: "refused" } | { kind: "timeout" } | { kind: "broken" } | { kind: "status"; status: number };

export interface Target {
  host: string;
  port: number;
  check: HealthCheck;
}

/** Pure: the rule of the HealthCheck. */
export const isHealthy = (answer: Answer, check: Pick<HealthCheck, "path">): boolean =>
  answer.kind === "status" && (check.path === undefined ? answer.status < 500 : answer.status >= 200 && answer.status < 400);

/** Pause before the next attempt, in ms: short while a fast program may come up any moment, longer later. Pure. */
export const pauseAfter = (elapsedMs: number): number => (elapsedMs < 300 ? 2 : elapsedMs < 2_000 ? 10 : elapsedMs < 10_000 ? 50 : 250);

const connect = ({ host, port, check }: Target): Promise<net.Socket | Answer> =>
  new Promise((resolve) => {
    const socket = net.connect({ host, port, noDelay: true });
    socket.setTimeout(check.timeoutMs, () => {
      socket.destroy();
      resolve({ kind: "timeout" });
    });
    socket.once("connect", () => resolve(socket));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve({ kind: error.code === "ECONNREFUSED" ? "refused" : "broken" }));
  });

const ask = (socket: net.Socket, { port, check }: Target): Promise<Answer> =>
  new Promise((resolve) => {
    const headers = { host: `localhost:${port}`, "user-agent": "slipstream-health", accept: "*/*", connection: "close" };
    const request = http.request({ createConnection: () => socket, path: check.path ?? "/", headers });
    const timer = setTimeout(() => finish({ kind: "timeout" }), check.timeoutMs);
    const finish = (answer: Answer): void => {
      clearTimeout(timer);
      resolve(answer);
      request.destroy();
    };
    request.on("response", (response) => finish({ kind: "status", status: response.statusCode ?? 0 }));
    request.on("error", () => finish({ kind: "broken" }));
    request.end();
  });

/** One attempt; never rejects. */
export const probe = async (target: Target): Promise<Answer> => {
  const socket = await connect(target);
  return socket instanceof net.Socket ? await ask(socket, target) : socket;
};

export type Gate = { outcome: "healthy" } | { outcome: "stopped" } | { outcome: "late"; last: Answer };

/**
 * Asks until the program is healthy, `stopped` aborts, or its time to start is over. `give_up` is asked now and then with the last
 * answer; true ends the wait early.
 */
export const untilHealthy = async (target: Target, stopped: AbortSignal, isHopeless: (last: Answer, elapsedMs: number) => boolean): Promise<Gate> => {
  const started = performance.now();
  let last: Answer = { kind: "refused" };
  while (!stopped.aborted) {
    last = await probe(target);
    const elapsed = performance.now() - started;
    if (stopped.aborted) break;
    if (isHealthy(last, target.check)) return { outcome: "healthy" };
    if (elapsed > target.check.startMs || isHopeless(last, elapsed)) return { outcome: "late", last };
    await sleep(pauseAfter(elapsed), undefined, { signal: stopped }).catch(() => {});
  }
  return { outcome: "stopped" };
};
