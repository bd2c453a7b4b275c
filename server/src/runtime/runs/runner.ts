// Runs a program in a sandbox to its end: a build step, a release command, the trial of a sandbox.
import { existsSync } from "node:fs";
import type { RanOnce, RunOnce } from "@slipstream/contract/ports/sandbox.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import { type Slot, uidOf } from "../network/addresses.ts";
import type { NetworkPool } from "../network/pool.ts";
import type { Exits } from "../output/exits.ts";
import { LaunchError, type OciSandbox } from "../sandboxes/oci-sandbox.ts";
import type { Tail } from "../sandboxes/program-sandbox.ts";

export interface RunGround {
  pool: NetworkPool;
  exits: Exits;
  /** The network of each run under way, by the run's name. */
  held: Map<string, Slot>;
}

/** Shells say 127 for a command that is not there. */
const notStarted = 127;

type End = "exited" | "timeout" | "cancelled" | "lost";

const pulseMs = 250;

/**
 * Calls `lost` when a program has nobody any more who will write down its end, and ends one that would never end. Looked at twice: conmon writes
 * it as the last thing it does.
 */
const feelPulse = (sandbox: OciSandbox, id: string, lost: () => void): NodeJS.Timeout => {
  let missed = 0;
  return setInterval(() => {
    sandbox.endStill(id);
    missed = sandbox.isLost(id) ? missed + 1 : 0;
    if (missed > 1) lost();
  }, pulseMs);
};

/** Resolves when the program has ended or is lost, the signal aborts or the time is over, whichever is first. */
const untilEnd = (exits: Exits, sandbox: OciSandbox, of: { id: string; timeoutMs: number; signal: AbortSignal }): Promise<End> =>
  new Promise((resolve) => {
    const { id, timeoutMs, signal } = of;
    const cancel = (): void => done("cancelled");
    const timer = setTimeout(() => done("timeout"), timeoutMs);
    const pulse = feelPulse(sandbox, id, () => done("lost"));
    const done = (how: End): void => {
      clearTimeout(timer);
      clearInterval(pulse);
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

const watchOutput = (sandbox: OciSandbox, id: string, onLine: RunOnce["onLine"]): Tail => sandbox.follow(id, ({ stream, text }) => onLine(stream, text));

/** Where a run is that an earlier host process started. */
export interface Place {
  id: string;
  slot: number;
  sandbox: SandboxKind;
}

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

  /** `begins` is told the number of the run's network right before its program begins: from then on it can be resumed. */
  readonly run = (run: RunOnce, begins?: (slot: number) => void): Promise<RanOnce> =>
    this.#tracked(run, (run) => runOnce(this.#ground, this.#sandboxOf(run.sandbox), run, begins));

  /** Goes on with a run of an earlier host process, to its end. */
  resume(place: Place, run: RunOnce): Promise<RanOnce> {
    return this.#tracked(run, (run) => resumeOnce(this.#ground, this.#sandboxOf(place.sandbox), run, this.#ground.pool.slot(place.slot)));
  }

  /** Whether a program of an earlier host process is still there, running or with the exit code that nobody has read. */
  isThere({ id, slot, sandbox }: Place): boolean {
    const of = this.#sandboxOf(sandbox);
    return existsSync(this.#ground.pool.slot(slot).path) && (of.isAlive(runName(id)) || of.exitCode(runName(id)) !== undefined);
  }

  /** Ends such a program and removes all of it. */
  async end({ id, slot, sandbox }: Place): Promise<void> {
    const network = this.#ground.pool.slot(slot);
    await this.#sandboxOf(sandbox).remove(runName(id), network.path);
    await this.#ground.pool.release(network);
  }

  /** Ends all runs and resolves when nothing of them is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
  }

  async #tracked(run: RunOnce, act: (run: RunOnce) => Promise<RanOnce>): Promise<RanOnce> {
    const running = act({ ...run, signal: AbortSignal.any([run.signal, this.#closing.signal]) });
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }
}

/** Waits for the end of a program that runs. Its lines are taken from where they were left. */
const follow = async ({ exits, pool }: RunGround, sandbox: OciSandbox, run: RunOnce, slot: Slot): Promise<RanOnce> => {
  const id = runName(run.id);
  const tail = watchOutput(sandbox, id, run.onLine);
  if (run.onDenied) pool.tellDenied(slot, run.onDenied);
  try {
    const how = await untilEnd(exits, sandbox, { id, timeoutMs: run.timeoutMs, signal: run.signal });
    const outOfMemory = sandbox.cgroup(id).oomKills() > 0;
    return {
      exitCode: sandbox.exitCode(id) ?? 137,
      timedOut: how === "timeout",
      outOfMemory: outOfMemory && how === "exited",
      cancelled: how === "cancelled",
      lost: how === "lost",
    };
  } finally {
    tail.end();
    tail.close(false);
  }
};

const resumeOnce = async (ground: RunGround, sandbox: OciSandbox, run: RunOnce, slot: Slot): Promise<RanOnce> => {
  ground.held.set(runName(run.id), slot);
  try {
    sandbox.count(runName(run.id), run.account);
    await sandbox.begin(runName(run.id), slot.path);
    return await follow(ground, sandbox, run, slot);
  } finally {
    await sandbox.remove(runName(run.id), slot.path);
    await ground.pool.release(slot);
    ground.held.delete(runName(run.id));
  }
};

/** Runs it; everything of it is removed when this resolves, whatever happened. Rejects only for a defect of ours. */
export const runOnce = async (ground: RunGround, sandbox: OciSandbox, run: RunOnce, begins?: (slot: number) => void): Promise<RanOnce> => {
  const id = runName(run.id);
  const { args, env, cwd, layers, limits, mounts, overlay, signal } = run;
  const slot = await ground.pool.acquire();
  ground.held.set(id, slot);
  let isBegun = false;
  const created = (): void => {
    isBegun = true;
    begins?.(slot.number);
  };
  try {
    await sandbox.remove(id, slot.path);
    if (signal.aborted) return { exitCode: 130, timedOut: false, outOfMemory: false, cancelled: true, lost: false };
    const spec = { id, layers, writable: undefined, mounts, args, env, cwd, network: slot.path, hostname: "build", limits };
    await sandbox.start({ spec, address: slot.address, uid: run.uid ?? uidOf(slot), overlay, account: run.account, created });
    return await follow(ground, sandbox, run, slot);
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    run.onLine("stderr", error.message);
    return { exitCode: notStarted, timedOut: false, outOfMemory: false, cancelled: signal.aborted, lost: isBegun && sandbox.isLost(id) };
  } finally {
    await sandbox.remove(id, slot.path);
    await ground.pool.release(slot);
    ground.held.delete(id);
  }
};
