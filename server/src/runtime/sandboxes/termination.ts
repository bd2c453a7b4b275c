// Asking a process to end, where it can be asked.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const terminationBit = 1n << 14n;

/** Whether the signals caught, of the text of /proc/PID/status, hold SIGTERM. Pure. */
export const hasTerminationHandler = (status: string): boolean => {
  const mask = /^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1];
  return mask !== undefined && (BigInt(`0x${mask}`) & terminationBit) !== 0n;
};

export const catchesTermination = (pid: number): boolean => {
  try {
    return hasTerminationHandler(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

const lookAgainMs = 10;

/**
 * Asks the first process of a sandbox, and waits. One without a handler for SIGTERM never gets it, being the first of its namespace (a
 * shell that started the program, say): then those below it are asked. Where nobody would hear, nobody is waited for.
 */
export const askToEnd = async (of: { first: number | undefined; pids: () => readonly number[] }, graceMs: number, hurry: AbortSignal): Promise<void> => {
  const asked = of.first !== undefined && catchesTermination(of.first) ? [of.first] : of.pids().filter(catchesTermination);
  if (graceMs === 0) return;
  for (const pid of asked) terminate(pid);
  // A handler that was for once, as Node's own is, is gone after the signal: that program does not end by it.
  for (const end = performance.now() + graceMs; asked.some(catchesTermination) && performance.now() < end && !hurry.aborted; ) await sleep(lookAgainMs);
};

export const terminate = (pid: number): void => {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It has ended by itself.
  }
};
