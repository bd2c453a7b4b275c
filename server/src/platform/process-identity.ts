// Which process a number means: a pid alone is given out again, a pid with its start time is not.
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  pid: number;
  /** Clock ticks from the machine's start to the process's (field 22 of /proc/PID/stat), as text. */
  startTime: string;
}

/** State letter, parent and start time out of /proc/PID/stat. The program's name is in brackets and may hold anything. Pure. */
export const parseStat = (text: string): { state: string; parent: number; startTime: string } | undefined => {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent] = fields;
  const startTime = fields[19];
  return state === undefined || parent === undefined || startTime === undefined ? undefined : { state, parent: Number(parent), startTime };
};

const statOf = (pid: number) => {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
};

/** The identity of a process that runs now; undefined when there is none, or when it has ended and only waits to be reaped. */
export const identityOf = (pid: number): ProcessIdentity | undefined => {
  const stat = statOf(pid);
  return stat === undefined || stat.state === "Z" || stat.state === "X" ? undefined : { pid, startTime: stat.startTime };
};

export const isAlive = (identity: ProcessIdentity): boolean => identityOf(identity.pid)?.startTime === identity.startTime;

/** Whether it was halted: by SIGSTOP, or by a debugger. It lives, and does nothing. */
export const isHalted = (identity: ProcessIdentity): boolean => isAlive(identity) && /^[Tt]$/.test(statOf(identity.pid)?.state ?? "");

/** Sends a signal to exactly this process; false when it is gone. */
export const signal = (identity: ProcessIdentity, name: NodeJS.Signals): boolean => {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, name);
    return true;
  } catch {
    return false;
  }
};
