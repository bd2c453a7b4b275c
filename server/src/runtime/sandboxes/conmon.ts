// conmon is the parent of a sandbox in our place: it keeps the output and the exit code while this process is away.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterRunning } from "#platform/clock.ts";
import { identityOf, isAlive, type ProcessIdentity, signal } from "#platform/process-identity.ts";
import type { Begun, Hiding, Launcher } from "../launcher/launcher.ts";

export interface ConmonPlan {
  id: string;
  bundle: string;
  /** The runtime, and what stands before its own command. */
  runtime: readonly [string, ...string[]];
  hiding?: Hiding | undefined;
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
export const createUnderConmon = async (
  launcher: Launcher,
  plan: ConmonPlan,
  { ready, timeoutMs }: { ready: Promise<void>; timeoutMs: number },
): Promise<Created> => {
  const conmon = launcher.begin({ folder: plan.bundle, command: ["conmon", ...conmonArguments(plan)], hiding: plan.hiding });
  const created = answerOf(conmon, timeoutMs);
  try {
    await ready;
  } catch (error) {
    conmon.kill();
    throw error;
  }
  conmon.go();
  return await created;
};

const answerOf = async ({ said, forget }: Begun, timeoutMs: number): Promise<Created> => {
  const late = Promise.withResolvers<Created>();
  const callOff = afterRunning(timeoutMs, () => {
    forget();
    late.resolve({ error: `it was not created within ${timeoutMs} ms` });
  });
  try {
    return await Promise.race([said.then(parseCreated), late.promise]);
  } finally {
    callOff();
  }
};

/** A process id that was written to a file; undefined where none is. */
export const readPid = (path: string): number | undefined => {
  try {
    const value = Number(readFileSync(path, "utf8"));
    return Number.isInteger(value) && value > 0 ? value : undefined;
  } catch {
    return undefined;
  }
};

/** conmon of the sandbox in `bundle`; undefined where it has ended, or was never there. */
export const conmonOf = (bundle: string): ProcessIdentity | undefined => {
  const pid = readPid(conmonPidPath(bundle));
  return pid === undefined ? undefined : identityOf(pid);
};

const endMs = 1_000;

const untilGone = async (conmon: ProcessIdentity): Promise<void> => {
  for (const end = performance.now() + endMs; isAlive(conmon) && performance.now() < end; ) await sleep(2);
};

/** The last thing that conmon does is to write the exit code: what is removed before that would come back. */
export const endOf = async (conmon: ProcessIdentity): Promise<void> => {
  await untilGone(conmon);
  signal(conmon, "SIGKILL");
  // While it is there it holds files of the disk.
  await untilGone(conmon);
};
