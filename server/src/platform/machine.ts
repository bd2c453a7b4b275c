// What a machine must have for sandboxes and networks: decisions over what probes found. Pure; doctor.ts probes.
import type { Check } from "@slipstream/contract/ports/host.ts";
import { type Disk, diskCheck } from "./disk-check.ts";

export interface Machine {
  root: boolean;
  /** PRETTY_NAME of /etc/os-release. */
  system: string;
  /** Packages come with apt-get. */
  apt: boolean;
  kernel: string;
  architecture: string;
  cgroup: "v2" | "v1" | "hybrid" | "none";
  /** Controllers of cgroups that can be used. */
  controllers: readonly string[];
  /** What each program says of its version; undefined when it is missing. */
  programs: Readonly<Record<string, string | undefined>>;
  overlay: boolean;
  /** What nft said when it was asked to check a table; undefined when all went well. */
  nftables: string | undefined;
  ipForward: boolean;
  disk: Disk;
  memoryBytes: number;
  availableMemoryBytes: number;
  ports: readonly { port: number; holder: "free" | "ours" | "other" }[];
  sandboxes: readonly { kind: string; works: boolean; detail: string }[];
}

const ok = (name: string, detail: string): Check => ({ name, state: "ok", detail });
const warning = (name: string, detail: string, fix: string): Check => ({ name, state: "warning", detail, fix });
const failed = (name: string, detail: string, fix: string): Check => ({ name, state: "failed", detail, fix });

/** Each program, the Debian package that brings it, and what goes without it. */
const programs: readonly { name: string; package: string; without: string; needed: boolean }[] = [
  { name: "runc", package: "runc", without: "nothing runs", needed: true },
  { name: "crun", package: "crun", without: "runc takes its place, and twice the time to start a sandbox", needed: false },
  { name: "conmon", package: "conmon", without: "nothing runs", needed: true },
  { name: "runsc", package: "runsc", without: "apps run in runc, which shares the machine's kernel with them", needed: false },
  { name: "ip", package: "iproute2", without: "apps have no network", needed: true },
  { name: "nft", package: "nftables", without: "apps have no firewall", needed: true },
  { name: "perl", package: "perl-base", without: "nothing runs", needed: true },
  { name: "git", package: "git", without: "nothing deploys from git", needed: true },
  { name: "ssh", package: "openssh-client", without: "nothing deploys from ssh addresses", needed: false },
  { name: "ps", package: "procps", without: "apps do not have it either", needed: false },
  { name: "unshare", package: "util-linux", without: "the platform's own processes cannot be confined", needed: true },
  { name: "pivot_root", package: "util-linux-extra", without: "the platform's own processes cannot be confined", needed: true },
  { name: "setpriv", package: "util-linux", without: "the platform's own processes cannot be confined", needed: true },
];

const install = (machine: Machine, packageName: string): string =>
  machine.apt
    ? `apt-get update && apt-get install -y --no-install-recommends ${packageName}`
    : `install ${packageName} with the package manager of ${machine.system}`;

const programChecks = (machine: Machine): Check[] =>
  programs.map(({ name, package: packageName, without, needed }) => {
    const version = machine.programs[name];
    if (version !== undefined) return ok(name, version);
    return (needed ? failed : warning)(name, `missing: ${without}`, install(machine, packageName));
  });

const systemChecks = (machine: Machine): Check[] => [
  machine.root ? ok("root", "runs as root") : failed("root", "sandboxes and networks need root", "sudo slip doctor"),
  machine.apt
    ? ok("system", `${machine.system}, Linux ${machine.kernel}, ${machine.architecture}`)
    : warning(
        "system",
        `${machine.system}, Linux ${machine.kernel}: not Debian or Ubuntu, so nothing is installed by itself`,
        "install the programs below yourself",
      ),
];

const neededControllers = ["memory", "cpu", "pids"];

const cgroupCheck = ({ cgroup, controllers }: Machine): Check => {
  const missing = neededControllers.filter((name) => !controllers.includes(name));
  if (cgroup === "none") return failed("cgroups", "not mounted: apps would have no limits", "mount -t cgroup2 none /sys/fs/cgroup");
  if (missing.length > 0)
    return failed(
      "cgroups",
      `${cgroup} without ${missing.join(", ")}: apps would have no such limit`,
      "add systemd.unified_cgroup_hierarchy=1 cgroup_enable=memory to the kernel's command line, then reboot",
    );
  return ok("cgroups", `${cgroup} with ${neededControllers.join(", ")}`);
};

const kernelChecks = (machine: Machine): Check[] => [
  cgroupCheck(machine),
  machine.overlay ? ok("overlayfs", "known to the kernel") : failed("overlayfs", "not known to the kernel: images cannot be put together", "modprobe overlay"),
  machine.nftables === undefined ? ok("nftables", "takes rules") : failed("nftables", machine.nftables, "modprobe nf_tables"),
  ok("ip_forward", machine.ipForward ? "on" : "off for the machine; the platform turns it on for the links of its apps alone"),
];

const gigabyte = 2 ** 30;
const inGigabytes = (bytes: number): string => `${(bytes / gigabyte).toFixed(1)} GB`;

const roomChecks = ({ disk, availableMemoryBytes, memoryBytes }: Machine): Check[] => {
  const memory = `${inGigabytes(availableMemoryBytes)} of ${inGigabytes(memoryBytes)} available`;
  const stop = "stop other programs, or give the machine more memory";
  return [diskCheck(disk), availableMemoryBytes < gigabyte ? warning("memory", memory, stop) : ok("memory", memory)];
};

const portChecks = ({ ports }: Machine): Check[] =>
  ports.map(({ port, holder }) => {
    const name = `port ${port}`;
    if (holder === "other")
      return failed(name, "in use by another program", "choose others with SLIP_HTTP_PORT and SLIP_HTTPS_PORT, or stop the other program");
    return ok(name, holder === "ours" ? "served by this platform" : "free");
  });

/** There is one, which the packages of this machine have brought, or its owner. */
const newerGvisor = "install a newer runsc: https://gvisor.dev/docs/user_guide/install/";

const sandboxChecks = (machine: Machine): Check[] =>
  machine.sandboxes.map(({ kind, works, detail }) => {
    if (works) return ok(`sandbox ${kind}`, detail);
    return kind === "gvisor"
      ? warning("sandbox gvisor", `${detail}; apps run in runc`, machine.programs.runsc === undefined ? install(machine, "runsc") : newerGvisor)
      : failed(`sandbox ${kind}`, detail, install(machine, "runc"));
  });

/** Every check, in the order in which a reader mends things. */
export const checksOf = (machine: Machine): Check[] => [
  ...systemChecks(machine),
  ...programChecks(machine),
  ...kernelChecks(machine),
  ...roomChecks(machine),
  ...portChecks(machine),
  ...sandboxChecks(machine),
];
