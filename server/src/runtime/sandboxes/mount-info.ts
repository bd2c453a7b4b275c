// The mounts that a process sees (proc_pid_mountinfo(5)).
import { readFileSync } from "node:fs";

/** Whether what is mounted outside at a place comes to the one that is mounted there: it is the slave of a mount outside. Pure. */
export const isSlaveAt = (mountInfo: string, path: string): boolean =>
  mountInfo.split("\n").some((line) => {
    const [fields = ""] = line.split(" - ");
    const [, , , , at, , ...optional] = fields.split(" ");
    return at === path && optional.some((field) => field.startsWith("master:"));
  });

export const followsOutside = (pid: number | undefined, path: string): boolean =>
  pid !== undefined && isSlaveAt(readFileSync(`/proc/${pid}/mountinfo`, "utf8"), path);
