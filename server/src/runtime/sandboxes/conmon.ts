// conmon is the parent of a sandbox in our place: it keeps the output and the exit code while this process is away.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterRunning } from "#platform/clock.ts";
import { cleanEnv } from "#platform/exec.ts";

export interface ConmonPlan {
  id: string;
  bundle: string;
  /** The runtime, and what stands before its own command. */
  runtime: readonly [string, ...string[]];
  exitFolder: string;
  logBytes: number;
}

export const logPath = (bundle: string): string => join(bundle, "output.log");
export const pidPath = (bundle: string): string => join(bundle, "pid");
export const conmonPidPath = (bundle: string): string => join(bundle, "conmon.pid");

/** Pure. */
export const conmonArguments = ({ id, bundle, runtime: [program, ...args], exitFolder, logBytes }: ConmonPlan): string[] => [
  "--api-version",
  "1",
  "--cid",
  id,
  "--cuuid",
  id,
  "--name",
  id,
  "--runtime",
  program,
  ...args.map((arg) => `--runtime-arg=${arg}`),
  "--bundle",
  bundle,
  "--container-pidfile",
  pidPath(bundle),
  "--conmon-pidfile",
  conmonPidPath(bundle),
  "--log-path",
  `k8s-file:${logPath(bundle)}`,
  "--log-size-max",
  `${logBytes}`,
  "--exit-dir",
  exitFolder,
  "--socket-dir-path",
  bundle,
  "--no-sync-log",
];

/** What conmon says when the container is created or could not be: its process id, or the runtime's words. */
export type Created = { pid: number } | { error: string; lost?: true };

/** Reads conmon's answer, a JSON object with `data` (api version 1) or `pid`, negative for a failure. Pure. */
export const parseCreated = (text: string): Created => {
  try {
    const answer = JSON.parse(text) as { pid?: number; data?: number; message?: string };
    const pid = answer.data ?? answer.pid ?? -1;
    return pid > 0 ? { pid } : { error: answer.message ?? "the runtime said nothing" };
  } catch {
    return text.trim() === "" ? { error: "conmon ended without an answer", lost: true } : { error: text.trim() };
  }
};

/**
 * Starts conmon, which waits until `ready` resolves, creates the container, and says how that went; the program itself waits to be
 * started. The start of a process and what `ready` does go on side by side. Rejects only as `ready` does.
 */
export const createUnderConmon = async (plan: ConmonPlan, timeoutMs: number, ready: Promise<void>): Promise<Created> => {
  // Descriptor 3 is conmon's answer pipe, 4 the one that it waits on. It starts a session of its own and outlives this process.
  const env = { ...cleanEnv, _OCI_SYNCPIPE: "3", _OCI_STARTPIPE: "4" };
  const child = spawn("conmon", conmonArguments(plan), { cwd: plan.bundle, env, stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], detached: true });
  const created = answerOf(child, timeoutMs);
  try {
    await ready;
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  const start = child.stdio[4];
  if (start instanceof Writable) start.on("error", () => {}).end("\n");
  return await created;
};

const answerOf = (child: ChildProcess, timeoutMs: number): Promise<Created> =>
  new Promise((resolve) => {
    const answer = child.stdio[3];
    let text = "";
    const done = (created: Created): void => {
      callOff();
      resolve(created);
      child.unref();
      if (answer && "destroy" in answer) answer.destroy();
    };
    const callOff = afterRunning(timeoutMs, () => done({ error: `it was not created within ${timeoutMs} ms` }));
    child.on("error", (error) => done({ error: error.message }));
    answer?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith("\n")) done(parseCreated(text));
    });
    answer?.on("close", () => done(parseCreated(text)));
  });
