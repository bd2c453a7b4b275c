// The tmpfs at run/: nothing in it outlives the machine's power, and what is secret in it never reaches a disk.
import { readFileSync } from "node:fs";
import { exec, execOrThrow } from "#platform/exec.ts";
import type { Home } from "#platform/home.ts";

/** Whether `path` is a mount point, out of the text of /proc/self/mountinfo, which writes blanks as octal. Pure. */
export const isMounted = (mountInfo: string, path: string): boolean =>
  mountInfo
    .split("\n")
    .some((line) => line.split(" ")[4]?.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))) === path);

const mounted = (path: string): boolean => isMounted(readFileSync("/proc/self/mountinfo", "utf8"), path);

export const mountRun = async (home: Home): Promise<void> => {
  if (mounted(home.run)) return;
  await execOrThrow(["mount", "-t", "tmpfs", "-o", "size=50%,mode=0711,nosuid,nodev", "slip-run", home.run]);
};

/** Takes the tmpfs away, also when something still has a file open in it. */
export const unmountRun = async (home: Home): Promise<void> => {
  if (!mounted(home.run)) return;
  const { code } = await exec(["umount", home.run]);
  if (code !== 0) await execOrThrow(["umount", "--lazy", home.run]);
};
