// Which system calls a program in a runc sandbox may make: an allow-list in the manner of Docker's default profile, less what
// reaches the kernel's riskier parts. What is not named answers EPERM; what the kernel knows and the list is too old for, ENOSYS.

export interface SeccompRule {
  names: readonly string[];
  action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  errnoRet?: number;
  args?: readonly { index: number; value: number; valueTwo?: number; op: "SCMP_CMP_EQ" | "SCMP_CMP_MASKED_EQ" }[];
}
export interface SeccompProfile {
  defaultAction: "SCMP_ACT_ERRNO";
  defaultErrnoRet: number;
  architectures: readonly string[];
  syscalls: readonly SeccompRule[];
}

const files = `access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
  fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fremovexattr fstat
  fstatfs fsync ftruncate futimesat getcwd getdents getdents64 getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch
  lchown lgetxattr link linkat listxattr llistxattr lremovexattr lseek lstat mkdir mkdirat mknod mknodat name_to_handle_at
  newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr
  rename renameat renameat2 rmdir sendfile splice stat statfs statx symlink symlinkat sync sync_file_range syncfs tee truncate
  umask unlink unlinkat utime utimensat utimes vmsplice write writev`;

const processes = `alarm arch_prctl brk capget capset execve execveat exit exit_group fork getcpu getegid geteuid getgid getgroups
  getitimer getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid gettid getuid
  ioprio_get ioprio_set kill pause pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq rt_sigaction rt_sigpending
  rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max
  sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity
  sched_setattr sched_setparam sched_setscheduler sched_yield set_robust_list get_robust_list set_thread_area get_thread_area
  set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority setregid setresgid setresuid setreuid setrlimit
  setsid setuid sigaltstack signalfd signalfd4 sysinfo tgkill time times tkill uname vfork wait4 waitid`;

const memory = `madvise membarrier memfd_create mincore mlock mlock2 mlockall mmap mprotect mremap msync munlock munlockall munmap
  pkey_alloc pkey_free pkey_mprotect process_mrelease map_shadow_stack`;

const waiting = `clock_getres clock_gettime clock_nanosleep epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait
  epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 futex futex_wake futex_wait futex_requeue futex_waitv gettimeofday ioctl
  io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit nanosleep pipe pipe2 poll ppoll pselect6 select timer_create
  timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime cachestat`;

const talking = `accept accept4 bind connect getpeername getsockname getsockopt listen mq_getsetattr mq_notify mq_open mq_timedreceive
  mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd recvfrom recvmmsg recvmsg semctl semget semop semtimedop sendmmsg sendmsg sendto
  setsockopt shmat shmctl shmdt shmget shutdown socketpair`;

const landlock = "landlock_create_ruleset landlock_add_rule landlock_restrict_self";

/** Address families of sockets: Unix, IPv4, IPv6. */
const families = [1, 2, 10];
/** Netlink is for asking about interfaces and routes (getifaddrs) alone: its other protocols lead to firewalls, ciphers, drivers. */
const netlink = 16;
const netlinkRoute = 0;
/** Linux, Linux with 32-bit addresses, with a 16-bit-era layout, both, and "what is it now?". */
const personalities = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];
/** Every CLONE_NEW… flag: no program makes a namespace, least of all one in which it is root. */
const newNamespaces = 0x7e02_0000;
const enosys = 38;
const enotsup = 95;

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

const architectures = { x64: "SCMP_ARCH_X86_64", arm64: "SCMP_ARCH_AARCH64" } as const;

/** The profile for a processor; other machines' system calls (32-bit ones too) are refused. */
export const seccompProfile = (architecture: keyof typeof architectures): SeccompProfile => ({
  defaultAction: "SCMP_ACT_ERRNO",
  defaultErrnoRet: 1,
  architectures: [architectures[architecture]],
  syscalls: [
    { names: [files, processes, memory, waiting, talking, landlock].flatMap(words), action: "SCMP_ACT_ALLOW" },
    { names: ["clone"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value: newNamespaces, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }] },
    // Layers are shared, and no digest says who is on an access list: as on a file system without attributes, which programs expect.
    { names: ["setxattr", "lsetxattr", "fsetxattr"], action: "SCMP_ACT_ERRNO", errnoRet: enotsup },
    // Its flags lie in memory where a filter cannot see them; told that there is no such call, libraries use clone.
    { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: enosys },
    ...families.map((value): SeccompRule => ({ names: ["socket"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value, op: "SCMP_CMP_EQ" }] })),
    {
      names: ["socket"],
      action: "SCMP_ACT_ALLOW",
      args: [
        { index: 0, value: netlink, op: "SCMP_CMP_EQ" },
        { index: 2, value: netlinkRoute, op: "SCMP_CMP_EQ" },
      ],
    },
    ...personalities.map((value): SeccompRule => ({ names: ["personality"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value, op: "SCMP_CMP_EQ" }] })),
  ],
});
