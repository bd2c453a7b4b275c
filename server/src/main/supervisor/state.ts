// What the supervisor writes down, so that the next one can go on: processes/state.json, whole or not at all.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { bootId } from "#platform/boot.ts";
import { isDiskFull } from "#platform/disk-full.ts";
import type { Home } from "#platform/home.ts";

const Identity = { pid: z.int().positive(), startTime: z.string() };

export const ProcessRecord = z.object({
  name: z.string(),
  ...Identity,
  /** `starting` until it answers; `backoff` while it waits to be started again; `stopped` when it was asked to end. */
  state: z.enum(["starting", "ready", "backoff", "stopped"]),
  restarts: z.int(),
  /** When the state began. */
  since: z.iso.datetime(),
});
export type ProcessRecord = z.infer<typeof ProcessRecord>;

export const SupervisorState = z.object({
  /** The machine's start that the process numbers belong to. */
  boot: z.string(),
  supervisor: z.object({ ...Identity, state: z.enum(["starting", "ready", "stopping"]) }),
  processes: z.array(ProcessRecord),
});
export type SupervisorState = z.infer<typeof SupervisorState>;

/** The last written state; undefined when there is none of this start of the machine. */
export const readState = (home: Home): SupervisorState | undefined => {
  try {
    const state = SupervisorState.parse(JSON.parse(readFileSync(home.supervisorState, "utf8")));
    return state.boot === bootId() ? state : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Gives whether it was written: a full disk must not end the supervisor. Not fsynced: after a crash of the machine nothing of it
 * is true any more.
 */
export const writeState = (home: Home, state: SupervisorState): boolean => {
  const temporary = `${home.supervisorState}.${process.pid}.new`;
  try {
    writeFileSync(temporary, JSON.stringify(state), { mode: 0o600 });
    renameSync(temporary, home.supervisorState);
    return true;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return false;
  }
};
