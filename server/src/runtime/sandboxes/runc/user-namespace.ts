// The user namespace of a sandbox: its program has the number outside that it has inside, its root is nobody, and no other number of
// the machine is in it. What belongs to the machine's root belongs, seen from inside, to nobody.
import { chownSync, readFileSync, statSync } from "node:fs";
import type { Check } from "@slipstream/contract/ports/host.ts";

export interface UserNamespace {
  /** What the root inside is outside. */
  rootUid: number;
  /** Where sysfs is mounted for all sandboxes (system-view.ts); undefined for those that have a sysfs of their own. */
  systemView: string | undefined;
}

interface Mapping {
  containerID: number;
  hostID: number;
  size: number;
}

/** Users and groups of a sandbox whose program is `uid`, as the OCI configuration has them. Pure. */
export const idMappings = ({ rootUid }: UserNamespace, uid: number): { uidMappings: Mapping[]; gidMappings: Mapping[] } => {
  const mappings = [
    { containerID: 0, hostID: rootUid, size: 1 },
    { containerID: uid, hostID: uid, size: 1 },
  ];
  return { uidMappings: mappings, gidMappings: mappings };
};

/**
 * Lets a program that was created open its own output by name, as those that log to /dev/stdout do: conmon's pipes belong to the
 * machine's root, whom the sandbox's root cannot be.
 */
export const giveOutput = (pid: number): void => {
  try {
    const uid = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    const output = [1, 2].map((descriptor) => `/proc/${pid}/fd/${descriptor}`);
    for (const path of output) if (statSync(path).isFIFO()) chownSync(path, uid, uid);
  } catch (error) {
    // It has ended: who starts it finds that out.
    if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
};

/** For `slip doctor`; `detail` says how the sandboxes are made, and what did not work before. */
export const userNamespaceCheck = (used: boolean, detail: string): Check =>
  used
    ? { name: "user namespaces", state: "ok", detail: "under runc the numbers of users and of root are nobody's on this machine" }
    : {
        name: "user namespaces",
        state: "warning",
        detail: `not under runc: ${detail}`,
        fix: "let others pass the folders above SLIP_HOME (chmod o+x), and allow user namespaces (sysctl user.max_user_namespaces)",
      };
