// The host process looks after the supervisor, as the supervisor looks after it.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { type Config, environmentOf } from "#platform/config.ts";
import { cleanEnv } from "#platform/exec.ts";
import type { Home } from "#platform/home.ts";
import { isAlive } from "#platform/process-identity.ts";
import { successorOf } from "./plan.ts";
import { withProcessLog } from "./process-log.ts";
import { inheritedAt } from "./public-sockets.ts";
import { readState, type SupervisorState } from "./state.ts";

const everyMs = 1_000;
/** A new supervisor gets so long to write its own state before another one is tried. */
const graceMs = 10_000;

/** Whether a supervisor must be started: the last one died without having been asked to stop. Pure. */
export const isOrphaned = (state: SupervisorState | undefined, alive: boolean): boolean =>
  state !== undefined && !alive && state.supervisor.state !== "stopping";

/** Whether a supervisor that died is missed by somebody who will start another. */
export const isKept = (home: Home): boolean => {
  const state = readState(home);
  if (!isOrphaned(state, state !== undefined && isAlive(state.supervisor))) return false;
  return state?.processes.some((record) => (record.name === "host" || record.name === "keeper") && isAlive(record)) === true;
};

/** Whether everything is being ended, not this process alone: then nothing may stay behind. */
export const isPlatformStopping = (home: Home): boolean => readState(home)?.supervisor.state === "stopping";

const startSupervisor = (home: Home, config: Config): void => {
  const env = { ...cleanEnv, ...environmentOf({ ...config, home: home.root }) };
  const [program, ...args] = successorOf(process.execPath, join(import.meta.dirname, "../../../.."));
  const child = withProcessLog(home, "supervisor", (file) =>
    spawn(program, args, { detached: true, cwd: "/", env, stdio: ["ignore", file, file, inheritedAt.http, inheritedAt.https] }),
  );
  child.on("error", () => {});
  child.unref();
};

/** Looks each second whether the supervisor lives, and starts a new one when it died. Ends with the signal. */
export const watchSupervisor = (home: Home, config: Config, signal?: AbortSignal): void => {
  let quietUntil = 0;
  const timer = setInterval(() => {
    const state = readState(home);
    if (!isOrphaned(state, state !== undefined && isAlive(state.supervisor)) || performance.now() < quietUntil) return;
    quietUntil = performance.now() + graceMs;
    startSupervisor(home, config);
  }, everyMs);
  timer.unref();
  signal?.addEventListener("abort", () => clearInterval(timer));
};
