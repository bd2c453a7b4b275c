// How much memory a process takes: its own share of it, so that what several map together is counted once.
import { readdirSync, readFileSync } from "node:fs";
import { parseStat } from "./process-identity.ts";

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** The proportional share in bytes out of the text of /proc/PID/smaps_rollup; undefined when it does not say. Pure. */
export const parseShare = (text: string): number | undefined => {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
};

const childrenOf = (pid: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && parseStat(read(`/proc/${name}/stat`))?.parent === pid)
    .map(Number);

/** Memory in bytes of one process; undefined when it is gone or not ours to look at. */
export const memoryOf = (pid: number): number | undefined => parseShare(read(`/proc/${pid}/smaps_rollup`));

/** As memoryOf, with the processes that it started itself. */
export const memoryOfFamily = (pid: number): number | undefined => {
  const own = memoryOf(pid);
  return own === undefined ? undefined : childrenOf(pid).reduce((sum, child) => sum + (memoryOf(child) ?? 0), own);
};
