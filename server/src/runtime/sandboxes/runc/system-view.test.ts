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
  const showAndMount = (): void => {
    execFileSync("mount", ["--bind", view, other]);
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(other, "fs/cgroup")]);
    execFileSync("umount", ["-R", "-l", other]);
  };
  try {
    assert.equal(await mountSystemView(view), undefined);
    execFileSync("mount", ["--make-shared", view]);
    execFileSync("mount", ["--bind", view, other]);
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(other, "fs/cgroup")]);
    assert.equal(mountsBelow(view).length, 2, "as it was");
    assert.equal(await mountSystemView(view), undefined);
    assert.equal(mountsBelow(view).length, 1);
    execFileSync("umount", ["-R", "-l", other]);
    showAndMount();
    assert.equal(mountsBelow(view).length, 1);
    await unmountSystemView(view);
    assert.equal(await mountSystemView(view), undefined);
    showAndMount();
    assert.equal(mountsBelow(view).length, 1);
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
