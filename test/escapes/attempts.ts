// What a stranger's program attempts, in words. Each is a function of the same name in test/fixtures/escapes/.

export interface Attempt {
  name: string;
  tries: string;
  /** gVisor's own kernel may allow it, within the sandbox and its memory: nothing of the machine is reached. */
  ownKernel?: boolean;
  /** What the platform's line about it says. */
  tells?: RegExp;
  /** As a build step: how the deployment fails, and what its evidence says. */
  endsBuild?: { code: string; evidence: RegExp };
}

const files: Attempt[] = [
  { name: "host-files-by-name", tries: "read the platform's files and /etc/shadow of the machine by their paths" },
  { name: "host-files-by-dots", tries: "the same by ../.." },
  { name: "host-files-by-open-descriptors", tries: "the same by /proc/*/root, /proc/*/cwd and /proc/*/fd" },
  { name: "host-files-by-a-link", tries: "the same by a link that it makes" },
  { name: "overwrite-own-program", tries: "open /proc/self/exe, that of process 1 and the shell for writing" },
  { name: "write-outside-the-app", tries: "make a file in /, /etc, /usr/bin, /run, /proc, /sys, /dev" },
  { name: "link-in-place-of-a-mount", tries: "put a link to /etc in the place of /proc, /tmp, /run/secrets, /cache …" },
  { name: "masked-files", tries: "read /proc/kcore, /proc/keys, /proc/timer_list, /sys/firmware …" },
  { name: "kernel-memory", tries: "read /dev/mem, /dev/kmem, /dev/port, /dev/kmsg" },
  { name: "core-pattern", tries: "open core_pattern, modprobe and uevent_helper for writing" },
  { name: "sysrq", tries: "open sysrq-trigger for writing" },
  { name: "release-agent", tries: "open a release_agent of a control group for writing" },
  { name: "own-limits", tries: "raise the limits of its control group, or leave it" },
  { name: "mknod", tries: "make a block device", ownKernel: true },
  { name: "block-devices", tries: "read one" },
  { name: "setuid-programs", tries: "find a setuid or setgid program" },
  { name: "new-privileges", tries: "have a capability, or be able to get one" },
  { name: "users-of-the-machine", tries: "be in a namespace that has root or an account of the machine", ownKernel: true },
  { name: "other-processes", tries: "see a process of another user" },
  { name: "write-where-secrets-are", tries: "make a file beside the secrets of a build" },
  { name: "downloads-of-others", tries: "find what another app's builds have downloaded" },
  { name: "secrets-of-the-platform", tries: "find the platform's variables" },
];

const kernel: Attempt[] = [
  { name: "mount", tries: "mount a tmpfs" },
  { name: "remount-the-root", tries: "make the root writable" },
  { name: "unmount-a-mask", tries: "take the mask off /proc/kcore" },
  { name: "new-mount-calls", tries: "fsopen, open_tree, mount_setattr" },
  { name: "pivot-root", tries: "change the root by pivot_root" },
  { name: "chroot", tries: "change the root by chroot" },
  { name: "user-namespace", tries: "become root of a user namespace", ownKernel: true },
  { name: "user-namespace-by-clone3", tries: "the same by clone3, whose flags no filter sees", ownKernel: true },
  { name: "other-namespaces", tries: "make a mount and a network namespace" },
  { name: "join-a-namespace", tries: "join a namespace of process 1" },
  { name: "bpf", tries: "make a BPF map" },
  { name: "perf-event-open", tries: "count the kernel's events" },
  { name: "userfaultfd", tries: "handle page faults of the kernel" },
  { name: "io-uring", tries: "set up an io_uring", ownKernel: true },
  { name: "keyrings", tries: "keep a key in the machine's keyrings" },
  { name: "ptrace-a-sibling", tries: "trace another process", ownKernel: true },
  { name: "memory-of-the-first-process", tries: "read the memory of process 1", ownKernel: true },
  { name: "tiocsti", tries: "type into a terminal" },
  { name: "kernel-modules", tries: "load a module or a kernel" },
  { name: "access-lists", tries: "close a file that apps may share to one user by an access list" },
  { name: "file-handles", tries: "open a file of a whole file system by its handle" },
  { name: "kernel-log", tries: "read the kernel's log", ownKernel: true },
  { name: "clock", tries: "set the clock" },
  { name: "restart-the-machine", tries: "ask for a restart" },
  { name: "host-name", tries: "set the host name" },
  { name: "swap-accounting-and-quotas", tries: "swapon, acct, quotactl" },
  { name: "calls-of-another-architecture", tries: "call by the x32 table" },
  { name: "raw-sockets", tries: "open a raw or packet socket" },
  { name: "device-events", tries: "hear of the machine's devices by netlink", ownKernel: true },
  { name: "unusual-sockets", tries: "open netlink to the firewall and audit, AF_ALG, AF_VSOCK, Bluetooth, XDP, TIPC" },
];

const network: Attempt[] = [
  { name: "metadata", tries: "169.254.169.254", tells: /169\.254\.169\.254 port 80/ },
  { name: "metadata-of-other-clouds", tries: "169.254.170.2, 100.100.100.200, 192.0.0.192", tells: /100\.100\.100\.200 port 80/ },
  { name: "metadata-by-ipv6", tries: "fd00:ec2::254 and a link-local one" },
  { name: "metadata-by-mapped-ipv4", tries: "::ffff:169.254.169.254" },
  { name: "metadata-by-6to4", tries: "2002:a9fe:a9fe::1" },
  { name: "metadata-by-nat64", tries: "64:ff9b::a9fe:a9fe" },
  { name: "metadata-by-a-datagram", tries: "169.254.169.254 by UDP", tells: /169\.254\.169\.254 port 53/ },
  { name: "metadata-by-rebinding", tries: "a name that is a public address when it is checked, and 169.254.169.254 when it is used" },
  { name: "private-addresses", tries: "10/8, 172.16/12, 192.168/16", tells: /192\.168\.0\.1 port 80/ },
  {
    name: "ports-of-the-machine",
    tries: "the edge, the workflow handlers and SSH by the gateway's and the machine's own addresses",
    tells: /10\.\d+\.0\.1 port \d+/,
  },
  { name: "ports-of-the-platform-on-loopback", tries: "the same by 127.0.0.1" },
  { name: "another-app", tries: "the address of another app", tells: /10\.\d+\.1\.\d+ port \d+/ },
  { name: "another-app-by-a-datagram", tries: "the same by UDP", tells: /10\.\d+\.1\.\d+ port 9/ },
  { name: "mail", tries: "send mail by the ports 25, 465 and 587", tells: /1\.1\.1\.1 port 25/ },
  { name: "sockets-of-the-platform", tries: "connect to the sockets of PostgreSQL, Restate, control, host and edge by their paths" },
  { name: "abstract-sockets", tries: "connect to an abstract socket of the machine" },
];

export const attempts: readonly Attempt[] = [...files, ...kernel, ...network];

/** What a program takes until it is stopped, while another app is asked. */
export const floods: readonly Attempt[] = [
  { name: "fork-flood", tries: "more processes than its limit", endsBuild: { code: "build_failed", evidence: /Resource temporarily unavailable/ } },
  { name: "memory-flood", tries: "more memory than its limit", endsBuild: { code: "build_out_of_memory", evidence: /^/ } },
  { name: "disk-flood", tries: "more of /tmp than its limit", endsBuild: { code: "build_failed", evidence: /No space left/ } },
  { name: "shared-memory-flood", tries: "more of /dev/shm than its limit", endsBuild: { code: "build_failed", evidence: /No space left/ } },
  { name: "inode-flood", tries: "more files in memory than its limit", ownKernel: true, endsBuild: { code: "build_failed", evidence: /No space left/ } },
  { name: "descriptor-flood", tries: "more open files than its limit", endsBuild: { code: "build_failed", evidence: /Too many open files/ } },
  { name: "log-flood", tries: "more lines than are kept of a second", tells: /\d+ lines were dropped/ },
];
