// The OCI runtime configuration (config.json) of a sandbox. Pure: everything that isolates a program can be read here as one value.
import { join } from "node:path";
import { limit } from "@slipstream/contract/limits.ts";
import type { SandboxSpec } from "@slipstream/contract/ports/sandbox.ts";
import type { SeccompProfile } from "./runc/seccomp.ts";
import { idMappings, type UserNamespace } from "./runc/user-namespace.ts";

export interface OciInput {
  spec: SandboxSpec;
  /** Folder that holds the mounted root. */
  root: string;
  readOnlyRoot: boolean;
  /** User and group of the program, as the host counts them. */
  uid: number;
  cgroup: string;
  /** runc joins the network by its path; gVisor is started inside it, and takes what it finds. */
  joinsNetwork: boolean;
  /** As the runtime says (OciRuntime). */
  followsRoot: boolean;
  seccomp: SeccompProfile | undefined;
  userNamespace: UserNamespace | undefined;
  /** How the program sees its limits below /sys/fs/cgroup: by the kernel's one hierarchy, or by folders of the host, or not. */
  cgroupView: "unified" | { readonly [controller: string]: string } | undefined;
  /** Words to the runtime alone. */
  annotations: Readonly<Record<string, string>>;
}

interface Mount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

const megabyte = 2 ** 20;
const cpuPeriodUs = 100_000;

/** Paths that tell of the host or let a program change it. */
export const maskedPaths = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];
export const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

const tmpfs = (destination: string, sizeBytes: number, options: readonly string[] = []): Mount => ({
  destination,
  type: "tmpfs",
  source: "tmpfs",
  options: ["nosuid", "nodev", "mode=1777", `size=${sizeBytes}`, `nr_inodes=${limit("tmpFiles")}`, ...options],
});

const closed = ["nosuid", "noexec", "nodev"];

/** Who is root in a user namespace alone may not mount sysfs in a network of the machine's. */
const sysMount = (namespace: UserNamespace | undefined): Mount =>
  namespace?.systemView === undefined
    ? { destination: "/sys", type: "sysfs", source: "sysfs", options: [...closed, "ro"] }
    : { destination: "/sys", type: "bind", source: namespace.systemView, options: ["bind", "private", ...closed, "ro"] };

const systemMounts = ({ spec: { limits }, userNamespace }: OciInput): Mount[] => [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "noexec", "strictatime", "mode=755", "size=65536"] },
  { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"] },
  tmpfs("/dev/shm", Math.min(limits.tmpBytes, 64 * megabyte), ["noexec"]),
  tmpfs("/tmp", limits.tmpBytes),
  sysMount(userNamespace),
];

/** Runtimes read their memory limit here, and size their heap after it. Each mount costs time, so of cgroup v1 there are only two. */
const cgroupMounts = (view: OciInput["cgroupView"]): Mount[] => {
  const destination = "/sys/fs/cgroup";
  if (view === undefined) return [];
  if (view === "unified") return [{ destination, type: "cgroup", source: "cgroup", options: [...closed, "relatime", "ro"] }];
  return [
    { destination, type: "tmpfs", source: "tmpfs", options: [...closed, "mode=755", "size=4096"] },
    ...Object.entries(view).map(([name, source]) => ({ destination: `${destination}/${name}`, type: "bind", source, options: ["bind", ...closed, "ro"] })),
  ];
};

const boundMounts = (spec: SandboxSpec): Mount[] => {
  const mounts = spec.mounts.map(({ source, destination, readOnly }) => ({ source, destination, readOnly }));
  if (spec.writable !== undefined) mounts.unshift({ source: spec.writable, destination: "/app", readOnly: false });
  return mounts.map(({ source, destination, readOnly }) => ({
    destination,
    type: "bind",
    source,
    // What is mounted over a part of it is the sandbox's alone.
    options: ["rbind", "rprivate", "nosuid", "nodev", readOnly ? "ro" : "rw"],
  }));
};

const followingApp = ({ spec, root, followsRoot }: OciInput): Mount[] =>
  spec.appComesLater && !followsRoot
    ? [{ destination: "/app", type: "bind", source: join(root, "app"), options: ["rbind", "rslave", "nosuid", "nodev", "ro"] }]
    : [];

const processOf = ({ spec, uid }: OciInput) => ({
  terminal: false,
  user: { uid, gid: uid, umask: 0o022 },
  args: spec.args,
  env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
  cwd: spec.cwd,
  capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
  rlimits: [
    { type: "RLIMIT_NOFILE", hard: spec.limits.openFiles, soft: spec.limits.openFiles },
    { type: "RLIMIT_CORE", hard: 0, soft: 0 },
  ],
  noNewPrivileges: true,
  // Under memory pressure of the whole machine a program dies before any process of the platform does.
  oomScoreAdj: 500,
});

const resourcesOf = ({ memoryBytes, cpus, pids }: SandboxSpec["limits"]) => ({
  devices: [{ allow: false, access: "rwm" }],
  memory: { limit: memoryBytes, swap: memoryBytes },
  cpu: { shares: Math.max(2, Math.round(cpus * 1_024)), quota: Math.round(cpus * cpuPeriodUs), period: cpuPeriodUs },
  pids: { limit: pids },
});

const namespacesOf = ({ spec, joinsNetwork, userNamespace }: OciInput) => [
  ...["pid", "ipc", "uts", "mount", "cgroup", ...(userNamespace ? ["user"] : [])].map((type) => ({ type })),
  ...(joinsNetwork ? [{ type: "network", path: spec.network }] : []),
];

export const ociConfig = (input: OciInput) => ({
  ociVersion: "1.0.2",
  process: processOf(input),
  root: { path: input.root, readonly: input.readOnlyRoot },
  hostname: input.spec.hostname,
  annotations: input.annotations,
  mounts: [...systemMounts(input), ...cgroupMounts(input.cgroupView), ...boundMounts(input.spec), ...followingApp(input)],
  linux: {
    cgroupsPath: input.cgroup,
    resources: resourcesOf(input.spec.limits),
    namespaces: namespacesOf(input),
    ...(input.userNamespace ? idMappings(input.userNamespace, input.uid) : {}),
    maskedPaths,
    readonlyPaths,
    // A slave is told of what is mounted outside, and tells nobody.
    rootfsPropagation: input.spec.appComesLater ? "rslave" : "rprivate",
    ...(input.seccomp ? { seccomp: input.seccomp } : {}),
  },
});
