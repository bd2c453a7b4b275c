import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { needsRoot } from "../../testing/runtime-fixture.ts";
import { isMounted } from "../rootfs.ts";
import { mountSystemView, unmountSystemView } from "./system-view.ts";

const mountsBelow = (path: string): string[] =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(` ${path}`));

test("nothing that is mounted in what others see of it comes back, and what did is taken away", { skip: needsRoot }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "slip-system-"));
  const [top, view, other] = [join(folder, "top"), join(folder, "top/system"), join(folder, "top/other")];
  mkdirSync(top);
  // As systemd mounts all there is.
  execFileSync("mount", ["--make-shared", "-t", "tmpfs", "tmpfs", top]);
  mkdirSync(other);
  /** What is mounted below the view while somebody who is shown it mounts something in it. */
  const mountedWithin = async (act: () => Promise<unknown> = async () => {}): Promise<number[]> => {
    execFileSync("mount", ["--bind", view, other]);
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(other, "fs/cgroup")]);
    const before = mountsBelow(view).length;
    await act();
    const after = mountsBelow(view).length;
    execFileSync("umount", ["-R", "-l", other]);
    return [before, after];
  };
  try {
    assert.equal(await mountSystemView(view), undefined);
    assert.deepEqual(await mountedWithin(), [1, 1]);
    // As an earlier version left it.
    execFileSync("mount", ["--make-shared", view]);
    assert.deepEqual(await mountedWithin(() => mountSystemView(view)), [2, 1]);
    assert.deepEqual(await mountedWithin(), [1, 1]);
  } finally {
    execFileSync("umount", ["-R", "-l", top]);
    rmSync(folder, { recursive: true });
  }
});

test("it shows the processors and no network, and is mounted once", { skip: needsRoot }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "slip-system-"));
  const view = join(folder, "system");
  try {
    assert.equal(await mountSystemView(view), undefined);
    assert.equal(await mountSystemView(view), undefined);
    assert.ok(existsSync(join(view, "devices/system/cpu/online")));
    // Its own empty network goes some time after the program that made it: until then its loopback is to be seen.
    assert.deepEqual(
      readdirSync(join(view, "class/net")).filter((name) => name !== "lo"),
      [],
    );
    await unmountSystemView(view);
    assert.equal(isMounted(view), false);
    await unmountSystemView(view);
  } finally {
    await unmountSystemView(view);
    rmSync(folder, { recursive: true });
  }
});
