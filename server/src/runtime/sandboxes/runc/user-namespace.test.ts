import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { test } from "node:test";
import { needsRoot, runtimeFixture, workload } from "../../testing/runtime-fixture.ts";
import { storeImage } from "../../testing/trial-image.ts";
import { idMappings } from "./user-namespace.ts";

test("a namespace has its root and its program, and nobody else", () => {
  const { uidMappings, gidMappings } = idMappings({ rootUid: 7, systemView: "/run/system" }, 9);
  assert.deepEqual(
    uidMappings.map(({ containerID, hostID, size }) => [containerID, hostID, size]),
    [
      [0, 7, 1],
      [9, 9, 1],
    ],
  );
  assert.deepEqual(gidMappings, uidMappings);
});

test("below a folder that others may not pass there are none, which is said", { skip: needsRoot }, async () => {
  const fixture = await runtimeFixture();
  const check = async () => (await fixture.runtime.handlers.doctor({}, AbortSignal.timeout(10_000))).checks.find(({ name }) => name === "user namespaces");
  try {
    assert.equal((await check())?.state, "ok");
    chmodSync(fixture.home.root, 0o700);
    await fixture.succeed();
    assert.deepEqual([(await check())?.state, /permission denied/.test((await check())?.detail ?? "")], ["warning", true]);
    const artifact = await storeImage(fixture.home, 'require("node:http").createServer((_, answer) => answer.end("ok")).listen(process.env.PORT)');
    assert.equal((await fixture.runtime.workloads.ensure(workload(artifact, "runc"))).outcome, "ready");
  } finally {
    await fixture.close();
  }
});
