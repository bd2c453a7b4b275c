// The /sys of programs in a user namespace. Who is root there alone may not mount sysfs, so it is mounted once, read-only, and shown to
// all; it is made in an empty network, so that it names no device of the machine's networks.
import { mkdirSync } from "node:fs";
import { exec } from "#platform/exec.ts";
import { isMounted } from "../rootfs.ts";

/** Gives what was wrong where it cannot be mounted. */
export const mountSystemView = async (path: string): Promise<string | undefined> => {
  if (isMounted(path)) return undefined;
  mkdirSync(path, { recursive: true });
  const { code, stderr } = await exec(["unshare", "--net", "mount", "-t", "sysfs", "-o", "ro,nosuid,nodev,noexec", "sysfs", path]);
  return code === 0 ? undefined : stderr.trim();
};

/** Absent is fine. */
export const unmountSystemView = async (path: string): Promise<void> => {
  if (isMounted(path)) await exec(["umount", "-l", path]);
};
