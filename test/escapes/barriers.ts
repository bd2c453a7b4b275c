// Each barrier of a sandbox, how it is taken away, and an attempt that must then get through: the suite can see an escape.
import { dirname, join } from "node:path";
import type { Bundle } from "./bundle.ts";

export interface Barrier {
  name: string;
  /** Changes the configuration of a sandbox; `home` is the folder of the installation. */
  without: (bundle: Bundle, home: string) => void;
  /** Attempts that are denied with it and open without. */
  opens: readonly string[];
}

const withoutUserNamespace = ({ linux }: Bundle): void => {
  linux.namespaces = linux.namespaces.filter(({ type }) => type !== "user");
  delete linux.uidMappings;
  delete linux.gidMappings;
};

/** Some barriers stand behind another: a program that is root, of the machine, has to be stopped by the next. */
const asRoot = (bundle: Bundle): void => {
  withoutUserNamespace(bundle);
  bundle.process.user = { uid: 0, gid: 0 };
};

const mountOption = ({ mounts }: Bundle, where: (destination: string) => boolean, change: (option: string) => string): void => {
  for (const mount of mounts) if (where(mount.destination)) mount.options = (mount.options ?? []).map(change);
};

/** Takes away what stops a program that is root, but for its user namespace. */
export const asRootOfItsNamespace = (bundle: Bundle): void => {
  const { process, linux, mounts } = bundle;
  process.user = { uid: 0, gid: 0 };
  const all = ["CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_SYS_RAWIO", "CAP_SYSLOG", "CAP_SYS_TIME", "CAP_SYS_BOOT"];
  process.capabilities = { bounding: all, effective: all, permitted: all };
  Object.assign(linux, { seccomp: undefined, maskedPaths: [], readonlyPaths: [] });
  for (const mount of mounts) mount.options = (mount.options ?? []).map((option) => (option === "ro" && mount.destination !== "/sys" ? "rw" : option));
};

const memoryLimit: Barrier = { name: "a limit of memory", without: ({ linux }) => delete linux.resources.memory, opens: ["memory-flood"] };

const tmpSize = (size: string): Barrier => ({
  name: "a size of /tmp",
  without: (bundle) =>
    mountOption(
      bundle,
      (destination) => destination === "/tmp",
      (option) => option.replace(/^size=.*/, `size=${size}`),
    ),
  opens: ["disk-flood"],
});

const openFiles: Barrier = {
  name: "a limit of open files",
  without({ process }) {
    process.rlimits = process.rlimits.map((limit) => (limit.type === "RLIMIT_NOFILE" ? { ...limit, hard: limit.hard * 2, soft: limit.soft * 2 } : limit));
  },
  opens: ["descriptor-flood"],
};

/** Those around and inside of gVisor's kernel; its network is the sandbox's, and the rules of the firewall are tried by themselves. */
export const gvisorBarriers: readonly Barrier[] = [
  {
    name: "a user that owns nothing",
    without({ process }) {
      process.user = { uid: 0, gid: 0 };
    },
    opens: ["write-outside-the-app"],
  },
  {
    name: "no capabilities",
    without({ process }) {
      const all = ["CAP_SYS_ADMIN", "CAP_SYS_CHROOT"];
      process.user = { uid: 0, gid: 0 };
      process.capabilities = { bounding: all, effective: all, permitted: all };
    },
    opens: ["mount", "chroot", "new-privileges"],
  },
  memoryLimit,
  tmpSize("200m"),
  openFiles,
];

const ofEveryRunc: readonly Barrier[] = [
  {
    name: "the filter of system calls",
    without: ({ linux }) => delete linux.seccomp,
    opens: ["user-namespace", "keyrings", "ptrace-a-sibling", "userfaultfd", "access-lists"],
  },
  { name: "a user namespace of its own", without: withoutUserNamespace, opens: ["users-of-the-machine"] },
  { name: "a user that owns nothing", without: asRoot, opens: ["write-outside-the-app"] },
  {
    name: "no capabilities",
    without(bundle) {
      asRoot(bundle);
      const all = ["CAP_MKNOD"];
      bundle.process.capabilities = { bounding: all, effective: all, permitted: all };
    },
    opens: ["mknod", "new-privileges"],
  },
  {
    name: "no new privileges",
    without(bundle) {
      bundle.process.noNewPrivileges = false;
      // Without that flag the filter needs a privileged loader, and it is not what is tested here.
      delete bundle.linux.seccomp;
    },
    opens: ["new-privileges"],
  },
  {
    name: "masked paths",
    without({ linux }) {
      linux.maskedPaths = [];
    },
    opens: ["masked-files"],
  },
  {
    name: "read-only paths of /proc",
    without(bundle) {
      asRoot(bundle);
      bundle.linux.readonlyPaths = [];
    },
    opens: ["core-pattern"],
  },
  {
    name: "read-only control groups",
    without(bundle) {
      asRoot(bundle);
      mountOption(
        bundle,
        (destination) => destination.startsWith("/sys/fs/cgroup"),
        (option) => (option === "ro" ? "rw" : option),
      );
    },
    opens: ["own-limits"],
  },
  {
    name: "mounts of the image alone",
    without(bundle, home) {
      asRoot(bundle);
      const path = join(home, "installation.json");
      bundle.mounts.push({ destination: `/tmp${path}`, type: "bind", source: path, options: ["bind", "ro"] });
      const { env } = bundle.process;
      env.push("ESCAPES_BELOW=/tmp");
    },
    opens: ["host-files-by-name"],
  },
  {
    name: "processes of its own",
    without(bundle) {
      // Who is root in a user namespace alone may not mount the /proc of other processes.
      withoutUserNamespace(bundle);
      const { linux } = bundle;
      linux.namespaces = linux.namespaces.filter(({ type }) => type !== "pid");
    },
    opens: ["other-processes"],
  },
  {
    name: "a network of its own",
    without({ linux }) {
      linux.namespaces = linux.namespaces.filter(({ type }) => type !== "network");
    },
    opens: ["abstract-sockets", "ports-of-the-machine", "ports-of-the-platform-on-loopback", "another-app"],
  },
  {
    name: "a limit of processes",
    without({ linux }) {
      // So many need more memory than there is, which would stop them too.
      linux.resources = {};
    },
    opens: ["fork-flood"],
  },
  memoryLimit,
  openFiles,
  {
    name: "a number of files in /tmp",
    without: (bundle) =>
      mountOption(
        bundle,
        (destination) => destination === "/tmp",
        (option) => option.replace(/^nr_inodes=.*/, "nr_inodes=200000"),
      ),
    opens: ["inode-flood"],
  },
];

export const runcBarriers: readonly Barrier[] = [...ofEveryRunc, tmpSize("200m")];

/** A build runs under runc, with mounts of its own and with other limits. */
export const buildBarriers: readonly Barrier[] = [
  ...ofEveryRunc,
  tmpSize("600m"),
  {
    name: "secrets that are read-only",
    without: (bundle) =>
      mountOption(
        bundle,
        (destination) => destination === "/run/secrets",
        (option) => (option === "ro" ? "rw" : option),
      ),
    opens: ["write-where-secrets-are"],
  },
  {
    name: "downloads of its own app alone",
    without(bundle) {
      asRoot(bundle);
      for (const mount of bundle.mounts) if (mount.destination === "/cache") mount.source = dirname(mount.source);
    },
    opens: ["downloads-of-others"],
  },
];
