// What our processes print: processes/NAME.log and the one before it. The process holds the file itself, so its output
// needs no supervisor; therefore a full file is copied away and emptied instead of renamed.
import { closeSync, copyFileSync, openSync, readFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { Home } from "#platform/home.ts";

const sizeMax = 8 * 2 ** 20;

export const processLogPath = (home: Home, name: string): string => join(home.processLogs, `${name}.log`);

/** Runs `use` with a descriptor that appends to the log of `name`. */
export const withProcessLog = <T>(home: Home, name: string, use: (file: number) => T): T => {
  const file = openSync(processLogPath(home, name), "a", 0o600);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
};

/** Keeps the log of `name` below its size. Lines printed between copy and cut are lost. */
export const rotateProcessLog = (home: Home, name: string): void => {
  const path = processLogPath(home, name);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size < sizeMax) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
};

/** The last lines of the log of `name`, to be shown with a failure. */
export const lastLines = (home: Home, name: string, count: number): string[] => {
  try {
    return readFileSync(processLogPath(home, name), "utf8").trimEnd().split("\n").slice(-count);
  } catch {
    return [];
  }
};
