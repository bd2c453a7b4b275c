// The /sys of programs in a user namespace. Who is root there alone may not mount sysfs, so it is mounted once, read-only, and shown to
// all; it is made in an empty network, so that it names no device of the machine's networks.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { exec } from "#platform/exec.ts";
import { isMounted } from "../rootfs.ts";

const leftMax = 10_000;

/** What an earlier version let be mounted in it, over one another. */
const removeLeft = async (path: string): Promise<void> => {
  const group = join(path, "fs/cgroup");
  for (let tries = 0; tries < leftMax && isMounted(group); tries += 1) await exec(["umount", "-l", group]);
};

/**
 * Gives what was wrong where it cannot be mounted. It is private: what a runtime mounts in the /sys of a sandbox, its control group, would else be
 * mounted in that of all others, and here, for ever.
 */
export const mountSystemView = async (path: string): Promise<string | undefined> => {
  if (isMounted(path)) {
    await exec(["mount", "--make-private", path]);
    await removeLeft(path);
    return undefined;
  }
  mkdirSync(path, { recursive: true });
  const mount = ["mount", "--make-private", "-t", "sysfs", "-o", "ro,nosuid,nodev,noexec", "sysfs", path] as const;
  const { code, stderr } = await exec(["unshare", "--net", ...mount]);
  return code === 0 ? undefined : stderr.trim();
};

/** Absent is fine. */
export const unmountSystemView = async (path: string): Promise<void> => {
  if (isMounted(path)) await exec(["umount", "-l", path]);
};
