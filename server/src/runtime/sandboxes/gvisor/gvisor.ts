// The gVisor adapter: the program's system calls are answered by a kernel of its own that is an ordinary process.
import type { OciRuntime } from "../oci-runtime.ts";
import { asNobody, type Nobody } from "./nobody.ts";

export interface GvisorOptions {
  /** Paths of runsc and of nsenter. */
  program: string;
  nsenter: string;
  platform: "systrap" | "ptrace" | "kvm";
  stateFolder: string;
  /** Who gVisor's own processes are; without one they are root of the machine. */
  nobody: Nobody | undefined;
}

/**
 * It is started inside the network namespace and uses the sockets of that namespace ("host" means: of where it is). `nsenter` enters
 * the network alone; `ip netns exec` would hide /sys/fs/cgroup.
 */
export const gvisor = ({ program, nsenter, platform, stateFolder, nobody }: GvisorOptions): OciRuntime => ({
  kind: "gvisor",
  command: (network) => [
    nsenter,
    `--net=${network}`,
    "--",
    ...(nobody ? asNobody(nobody) : []),
    program,
    `--root=${stateFolder}`,
    `--platform=${platform}`,
    "--network=host",
    "--file-access=exclusive",
    "--file-access-mounts=shared",
    "--overlay2=none",
    "--log=/dev/null",
  ],
  joinsNetwork: false,
  showsCgroups: false,
  followsRoot: true,
  waitsAtNoCost: false,
  seccomp: undefined,
  userNamespace: nobody && { rootUid: nobody.uid, systemView: undefined },
  createMs: 30_000,
});
