import assert from "node:assert/strict";
import { test } from "node:test";
import { seccompProfile } from "./seccomp.ts";

const profile = seccompProfile("x64");
const allowed = new Set(profile.syscalls.filter(({ action, args }) => action === "SCMP_ACT_ALLOW" && args === undefined).flatMap(({ names }) => names));

test("what is not named is refused", () => assert.equal(profile.defaultAction, "SCMP_ACT_ERRNO"));

test("calls that reach the kernel's riskier parts are not named", () => {
  const refused = `mount umount2 pivot_root chroot bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key
    request_key ptrace process_vm_readv process_vm_writev kexec_load kexec_file_load init_module finit_module delete_module setns unshare
    open_by_handle_at reboot swapon settimeofday clock_settime acct quotactl nfsservctl lookup_dcookie kcmp fsopen fsmount move_mount
    open_tree mount_setattr iopl ioperm syslog vhangup modify_ldt personality clone clone3 socket setxattr lsetxattr fsetxattr setxattrat`;
  for (const name of refused.split(/\s+/)) assert.ok(!allowed.has(name), name);
});

test("a new process may not come with a new namespace", () => {
  const clone = profile.syscalls.find(({ names }) => names.includes("clone"));
  const newUser = 0x1000_0000;
  const mask = clone?.args?.[0]?.value ?? 0;
  assert.equal(clone?.args?.[0]?.op, "SCMP_CMP_MASKED_EQ");
  assert.equal(mask & newUser, newUser);
});

test("only sockets of Unix, IP and netlink's routes can be made", () => {
  const sockets = profile.syscalls.filter(({ names }) => names.includes("socket")).map(({ args }) => args?.map(({ index, value }) => [index, value]));
  assert.deepEqual(sockets, [
    [[0, 1]],
    [[0, 2]],
    [[0, 10]],
    [
      [0, 16],
      [2, 0],
    ],
  ]);
});
