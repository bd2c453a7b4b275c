import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checksOf, type Machine } from "./machine.ts";
import { cgroupOf, probeMachine } from "./machine-probe.ts";

const good: Machine = {
  root: true,
  system: "Debian GNU/Linux 12",
  apt: true,
  kernel: "6.1.0",
  architecture: "x64",
  cgroup: "v2",
  controllers: ["cpu", "memory", "pids", "io"],
  programs: Object.fromEntries(
    ["runc", "crun", "conmon", "runsc", "ip", "nft", "perl", "git", "ssh", "ps", "unshare", "pivot_root", "setpriv"].map((name) => [name, "1.0"]),
  ),
  overlay: true,
  nftables: undefined,
  ipForward: true,
  disk: { free: { bytes: 50 * 2 ** 30, files: 1_000_000 }, usedBytes: 0, mount: "/", holders: [] },
  memoryBytes: 8 * 2 ** 30,
  availableMemoryBytes: 4 * 2 ** 30,
  ports: [
    { port: 8080, holder: "free" },
    { port: 8443, holder: "ours" },
  ],
  sandboxes: [{ kind: "gvisor", works: true, detail: "ptrace" }],
};

const find = (machine: Partial<Machine>, name: string) => checksOf({ ...good, ...machine }).find((check) => check.name === name);

test("a good machine has nothing to mend", () => {
  const checks = checksOf(good);
  assert.deepEqual(
    checks.filter(({ state, fix }) => state !== "ok" || fix !== undefined),
    [],
  );
});

test("what is missing is named with the command that mends it", () => {
  const without = (name: string) => ({ programs: { ...good.programs, [name]: undefined } });
  assert.deepEqual(find(without("nft"), "nft"), {
    name: "nft",
    state: "failed",
    detail: "missing: apps have no firewall",
    fix: "apt-get update && apt-get install -y --no-install-recommends nftables",
  });
  assert.equal(find(without("runsc"), "runsc")?.state, "warning");
  assert.equal(find({ root: false }, "root")?.state, "failed");
  assert.equal(find({ cgroup: "none", controllers: [] }, "cgroups")?.state, "failed");
  assert.match(find({ controllers: ["cpu", "pids"] }, "cgroups")?.detail ?? "", /without memory/);
  assert.equal(find({ overlay: false }, "overlayfs")?.fix, "modprobe overlay");
  assert.equal(find({ nftables: "no" }, "nftables")?.detail, "no");
  assert.match(find({ ipForward: false }, "ip_forward")?.detail ?? "", /^off for the machine/);
  assert.equal(find({ availableMemoryBytes: 1 }, "memory")?.state, "warning");
  assert.match(find({ ports: [{ port: 80, holder: "other" }] }, "port 80")?.fix ?? "", /SLIP_HTTP_PORT/);
  assert.equal(find({ sandboxes: [{ kind: "gvisor", works: false, detail: "hangs" }] }, "sandbox gvisor")?.state, "warning");
  assert.equal(find({ sandboxes: [{ kind: "runc", works: false, detail: "no" }] }, "sandbox runc")?.state, "failed");
});

test("another distribution gets no apt command", () => {
  assert.doesNotMatch(find({ apt: false, programs: {} }, "git")?.fix ?? "", /apt/);
});

test("cgroups are told apart", () => {
  const v1 = "30 20 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n31 20 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct";
  const v2 = "29 20 0:25 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate";
  assert.deepEqual(cgroupOf(v2, "cpu memory pids\n"), { cgroup: "v2", controllers: ["cpu", "memory", "pids"] });
  assert.equal(cgroupOf(v1, "").cgroup, "v1");
  assert.ok(cgroupOf(v1, "").controllers.includes("cpuacct"));
  assert.equal(cgroupOf(`${v1}\n${v2}`, "").cgroup, "hybrid");
  assert.equal(cgroupOf("", "").cgroup, "none");
});

test("this machine can be looked at", async () => {
  const machine = await probeMachine({ home: "/does/not/exist", ports: [0], running: false, sandboxes: [] });
  assert.ok(machine.disk.free.bytes > 0 && machine.memoryBytes >= machine.availableMemoryBytes && machine.availableMemoryBytes > 0);
  assert.match(machine.programs.unshare ?? "", /util-linux/);
  assert.deepEqual(machine.ports, []);
});

test("what the platform needs of Debian is what packages.sh installs", () => {
  const script = readFileSync(join(import.meta.dirname, "../../../infra/debian/packages.sh"), "utf8");
  const rows = [...script.matchAll(/^ +platform +([a-z_]+) +(\S+)/gm)];
  const checked = checksOf({ ...good, programs: {} }).filter(({ name, fix }) => fix?.startsWith("apt-get ") && !["perl", "unshare", "setpriv"].includes(name));
  assert.deepEqual(
    Object.fromEntries(checked.map(({ name, fix }) => [name, fix?.split(" ").at(-1)])),
    Object.fromEntries(rows.map(([, name = "", brings]) => [name, brings])),
  );
});
