// The gVisor adapter: the program's system calls are answered by a kernel of its own that is an ordinary process.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OciRuntime } from "../oci-runtime.ts";
import { asNobody, type Nobody } from "./nobody.ts";

export interface GvisorOptions {
  /** Paths of runsc and of nsenter. */
  program: string;
  nsenter: string;
  platform: "systrap" | "ptrace" | "kvm";
  stateFolder: string;
  /** As `writeBeginner` gives it. */
  beginner: string;
  /** Who gVisor's own processes are; without one they are root of the machine. */
  nobody: Nobody | undefined;
}

/** conmon asks for a sandbox to be created; this makes that to be begun as well. */
const beginner = `#!/bin/sh
for word in "$@"; do
  shift
  case $word in
    create) set -- "$@" run --detach ;;
    *) set -- "$@" "$word" ;;
  esac
done
exec "$@"
`;

/** Writes the program by which conmon has a sandbox begin at once, where another runsc for that would take as long as a tenth of it all. */
export const writeBeginner = (folder: string): string => {
  const path = join(folder, "begin-at-once");
  writeFileSync(path, beginner, { mode: 0o755 });
  return path;
};

/**
 * It is started inside the network namespace and uses the sockets of that namespace ("host" means: of where it is). `nsenter` enters
 * the network alone; `ip netns exec` would hide /sys/fs/cgroup.
 */
export const gvisor = ({ program, nsenter, platform, stateFolder, beginner, nobody }: GvisorOptions): OciRuntime => {
  const inside = (network: string): [string, ...string[]] => [nsenter, `--net=${network}`, "--", ...(nobody ? asNobody(nobody) : [])];
  const runsc = [
    program,
    `--root=${stateFolder}`,
    `--platform=${platform}`,
    "--network=host",
    "--file-access=exclusive",
    "--file-access-mounts=shared",
    "--overlay2=none",
    "--log=/dev/null",
  ];
  return {
    kind: "gvisor",
    command: (network) => [...inside(network), ...runsc],
    beginner: ({ network }) => ({ runtime: [...inside(network), beginner, ...runsc] }),
    joinsNetwork: false,
    showsCgroups: false,
    followsRoot: true,
    waitsForKilled: true,
    waitsAtNoCost: false,
    seccomp: undefined,
    userNamespace: nobody && { rootUid: nobody.uid, systemView: undefined },
    createMs: 30_000,
  };
};
