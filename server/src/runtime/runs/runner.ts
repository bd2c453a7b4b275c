// Runs a program in a sandbox to its end: a build step, a release command, the trial of a sandbox.
import { join } from "node:path";
import type { RanOnce, Runner, RunOnce } from "@slipstream/contract/ports/sandbox.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import type { NetworkPool } from "../network/pool.ts";
import type { Exits } from "../output/exits.ts";
import { OutputTail } from "../output/output-tail.ts";
import { LaunchError, type OciSandbox } from "../sandboxes/oci-sandbox.ts";

export interface RunGround {
  pool: NetworkPool;
  exits: Exits;
}

/** Shells say 127 for a command that is not there. */
const notStarted = 127;

/** Resolves when the program has ended, `ended` aborts or the time is over, whichever is first. */
const untilEnd = (exits: Exits, id: string, timeoutMs: number, signal: AbortSignal): Promise<"exited" | "timeout" | "cancelled"> =>
  new Promise((resolve) => {
    const cancel = (): void => done("cancelled");
    const timer = setTimeout(() => done("timeout"), timeoutMs);
    const done = (how: "exited" | "timeout" | "cancelled"): void => {
      clearTimeout(timer);
      exits.forget(id);
      signal.removeEventListener("abort", cancel);
      resolve(how);
    };
    exits.onExit(id, () => done("exited"));
    signal.addEventListener("abort", cancel);
    if (signal.aborted) cancel();
  });

/** The host's name for a run: ids come from elsewhere, and this becomes a file name. */
export const runName = (id: string): string => `run-${id.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 100)}`;

const watchOutput = (sandbox: OciSandbox, id: string, onLine: RunOnce["onLine"]): OutputTail =>
  new OutputTail(sandbox.output(id), join(sandbox.bundle(id), "place.json"), ({ stream, text }) => onLine(stream, text));

/** The Runner of this machine; `sandboxOf` finds the sandbox of a run that may not name one. */
export class SandboxRunner {
  readonly #ground: RunGround;
  readonly #sandboxOf: (kind: SandboxKind | undefined) => OciSandbox;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(ground: RunGround, sandboxOf: (kind: SandboxKind | undefined) => OciSandbox) {
    this.#ground = ground;
    this.#sandboxOf = sandboxOf;
  }

  readonly run: Runner = async (run) => {
    const signal = AbortSignal.any([run.signal, this.#closing.signal]);
    const running = runOnce(this.#ground, this.#sandboxOf(run.sandbox), { ...run, signal });
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  };

  /** Ends all runs and resolves when nothing of them is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
  }
}

/** Runs it; everything of it is removed when this resolves, whatever happened. Rejects only for a defect of ours. */
export const runOnce = async ({ pool, exits }: RunGround, sandbox: OciSandbox, run: RunOnce): Promise<RanOnce> => {
  const id = runName(run.id);
  const { args, env, cwd, layers, limits, mounts, overlay, signal } = run;
  const slot = await pool.acquire();
  let tail: OutputTail | undefined;
  try {
    await sandbox.remove(id, slot.path);
    if (signal.aborted) return { exitCode: 130, timedOut: false, outOfMemory: false, cancelled: true };
    const spec = { id, layers, writable: undefined, mounts, args, env, cwd, network: slot.path, hostname: "build", limits };
    await sandbox.start({ spec, address: slot.address, overlay });
    tail = watchOutput(sandbox, id, run.onLine);
    const how = await untilEnd(exits, id, run.timeoutMs, signal);
    const outOfMemory = sandbox.cgroup(id).oomKills() > 0;
    return { exitCode: sandbox.exitCode(id) ?? 137, timedOut: how === "timeout", outOfMemory: outOfMemory && how === "exited", cancelled: how === "cancelled" };
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    run.onLine("stderr", error.message);
    return { exitCode: notStarted, timedOut: false, outOfMemory: false, cancelled: signal.aborted };
  } finally {
    tail?.end();
    tail?.close(false);
    await sandbox.remove(id, slot.path);
    await pool.release(slot);
  }
};
