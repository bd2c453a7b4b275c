// Whether a process does its work yet, and whether it still does.
import { existsSync } from "node:fs";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import { postgresState } from "#platform/postgres-server.ts";
import type { Readiness } from "./plan.ts";

/** Any answer of HTTP counts: it says that the process listens and reads, which is all that its neighbours need. */
const answers = (socketPath: string, path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const request = nodeHttp.get({ socketPath, path, timeout: 2_000, agent: false }, (response) => {
      response.resume();
      resolve(true);
    });
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", () => resolve(false));
  });

export const isReady = async (readiness: Readiness, pid: number): Promise<boolean> => {
  if (readiness.kind === "running") return true;
  if (readiness.kind === "postgres") return postgresState(readiness.data, pid) === "ready";
  // A process that starts is asked a hundred times a second: one without its socket yet costs a look, and not a request that fails.
  if (!readiness.probes.every(({ socketPath }) => existsSync(socketPath))) return false;
  const found = await Promise.all(readiness.probes.map(({ socketPath, path }) => answers(socketPath, path)));
  return found.every(Boolean);
};

/** A server of PostgreSQL that was asked to end (SIGTERM) refuses everybody new, and waits for its clients, for ever if one keeps its connection. */
export const isStillReady = async (readiness: Readiness, pid: number): Promise<boolean> =>
  readiness.kind === "postgres" ? postgresState(readiness.data, pid) !== "stopping" : isReady(readiness, pid);
