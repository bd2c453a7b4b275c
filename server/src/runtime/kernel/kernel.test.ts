import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { exec, execOrThrow } from "#platform/exec.ts";
import { needsRoot } from "../testing/runtime-fixture.ts";
import { Kernel } from "./kernel.ts";
import { addressMessage, defaultRouteMessage, routeMessage } from "./rtnetlink.ts";

const name = `sliptest-${process.pid}`;
const path = `/run/netns/${name}`;
const address = "10.255.255.7";

describe("the kernel, asked by a program that waits for questions", { skip: needsRoot }, () => {
  const kernel = new Kernel();
  let folder = "";
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "slip-kernel-"));
    mkdirSync(join(folder, "place with\nsigns"));
    await execOrThrow(["ip", "netns", "add", name]);
    await execOrThrow(["ip", "-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", "eth1"]);
    await execOrThrow(["ip", "-n", name, "addr", "add", "10.255.255.1/32", "dev", "eth0"]);
    for (const end of ["eth0", "eth1"]) await execOrThrow(["ip", "-n", name, "link", "set", end, "up"]);
  });
  after(async () => {
    kernel.close();
    await exec(["umount", join(folder, "place with\nsigns")]);
    await exec(["ip", "netns", "delete", name]);
    rmSync(folder, { recursive: true, force: true });
  });
  /** Processes of the program. */
  const askers = (): string[] => {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").filter(Boolean);
    return children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("asker.pl"));
  };
  const mount = (target: string) => kernel.mount({ from: folder, type: "tmpfs", target, flags: ["ro", "nosuid", "nodev"], data: "size=4096" });

  test("mounts, from where it is told", async () => {
    await mount("place with\nsigns");
    const line = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .find((text) => text.includes(`${folder}/place`));
    assert.match(line ?? "", / ro,nosuid,nodev.* - tmpfs tmpfs ro.*size=4k/);
  });

  test("says what was wrong to whose question that was", async () => {
    const [missing, fine, nowhere] = await Promise.allSettled([
      mount("missing"),
      kernel.network(path, [addressMessage(1, "127.0.0.9")]),
      kernel.network("/nowhere", []),
    ]);
    assert.match(String(missing.status === "rejected" && missing.reason), /No such file/);
    assert.equal(fine.status, "fulfilled");
    assert.equal(nowhere.status, "rejected");
  });

  test("gives addresses and routes in the network that is meant, again and again", async () => {
    const link = Number((await execOrThrow(["ip", "-n", name, "-o", "link", "show", "eth0"])).split(":")[0]);
    for (let times = 0; times < 2; times += 1) {
      await kernel.network(path, [addressMessage(link, address), routeMessage(link, "10.255.255.2")]);
      await kernel.network(path, [defaultRouteMessage(link, { gateway: "10.255.255.2", source: address })]);
    }
    const routes = await execOrThrow(["ip", "-n", name, "route"]);
    assert.match(routes, new RegExp(`^default via 10.255.255.2 dev eth0 src ${address.replaceAll(".", "\\.")} *$`, "m"));
    assert.match(routes, /^10\.255\.255\.2 dev eth0 scope link *$/m);
    assert.match(await execOrThrow(["ip", "-n", name, "-o", "addr", "show", "eth0"]), /inet 10\.255\.255\.7\/32 scope global/);
    assert.doesNotMatch(await execOrThrow(["ip", "-o", "addr"]), /10\.255\.255\.7/);
    const networkOf = (pid: string): string => readlinkSync(`/proc/${pid}/ns/net`);
    assert.deepEqual(askers().map(networkOf), [networkOf("self")], "it is at home again");
    await assert.rejects(kernel.network(undefined, [routeMessage(2 ** 30, address)]), /No such device/);
  });

  test("is asked by another program where one has died", async () => {
    for (const pid of askers()) process.kill(Number(pid), "SIGKILL");
    await assert.rejects(mount("missing"));
    await kernel.network(path, []);
  });
});
