import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { needsRoot } from "../../testing/runtime-fixture.ts";
import { isMounted } from "../rootfs.ts";
import { mountSystemView, unmountSystemView } from "./system-view.ts";

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
