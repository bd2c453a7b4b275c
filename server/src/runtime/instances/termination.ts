// Asking a process to end, where it can be asked.
import { readFileSync } from "node:fs";

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

export const terminate = (pid: number): void => {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It has ended by itself.
  }
};
