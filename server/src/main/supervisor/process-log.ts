// What our processes print: processes/NAME.log and the one before it. The process holds the file itself, so its output
// needs no supervisor; therefore a full file is copied away and emptied instead of renamed.
import { closeSync, copyFileSync, openSync, readFileSync, statSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fromErrorBody, type SlipError } from "@slipstream/contract/errors.ts";
import { isDiskFull } from "#platform/disk-full.ts";
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

/** Adds a line to the log of `name`, where the disk has space for it. */
export const noteInProcessLog = (home: Home, name: string, line: string): void => {
  try {
    withProcessLog(home, name, (file) => writeSync(file, `${line}\n`));
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
};

/** Keeps the log of `name` below its size. Lines printed between copy and cut are lost, on a full disk all of them. */
export const rotateProcessLog = (home: Home, name: string): void => {
  const path = processLogPath(home, name);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size < sizeMax) return;
  try {
    copyFileSync(path, `${path}.1`);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
  truncateSync(path);
};

/** A property of an error of PostgreSQL, as Node prints it below the message, is none. */
const isCause = (line: string): boolean =>
  !/^\s+severity/.test(line) && /^(\w+ )?\[?\w*Error\b|\bFATAL\b|\bPANIC\b|"level":"error"|^node: |cannot |No such file/i.test(line);

/** The lines that say best why a process ended: from the last one that names a cause, else the last ones. Pure. */
export const causeOf = (text: string, count: number): string[] => {
  const lines = text.trimEnd().split("\n");
  const cause = lines.findLastIndex(isCause);
  return cause === -1 ? lines.slice(-count) : lines.slice(cause, cause + count);
};

/** Whether they tell of files of PostgreSQL that are damaged. Pure. */
export const tellOfDamage = (lines: readonly string[]): boolean => lines.some((line) => /invalid page in block|could not read block|'XX00[12]'/.test(line));

/** The error of the catalogue that ended `name`, where its last line is one. */
export const refusalOf = (home: Home, name: string): SlipError | undefined => {
  try {
    const body: unknown = JSON.parse(readFileSync(processLogPath(home, name), "utf8").trimEnd().split("\n").at(-1) ?? "");
    return typeof body === "object" && body !== null && "error" in body && !("level" in body) ? fromErrorBody(body) : undefined;
  } catch {
    return undefined;
  }
};

/** What the log of `name` says of its end, to be shown with a failure. */
export const lastWords = (home: Home, name: string, count: number): string[] => {
  try {
    return causeOf(readFileSync(processLogPath(home, name), "utf8"), count);
  } catch {
    return [];
  }
};
