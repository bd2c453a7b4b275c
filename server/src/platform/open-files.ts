// How many files and connections this process may have open.
import { readFileSync } from "node:fs";

/** Of /proc/PID/limits; without an end where it says "unlimited". Pure. */
export const openFilesOf = (limits: string): number => Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);

export const openFilesMax = (): number => openFilesOf(readFileSync("/proc/self/limits", "utf8"));
