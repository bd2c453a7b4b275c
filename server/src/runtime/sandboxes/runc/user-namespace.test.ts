import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { test } from "node:test";
import { get, needsRoot, runtimeFixture, workload } from "../../testing/runtime-fixture.ts";
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

/** An app that answers with who its users are outside. */
const users = `const map = require("node:fs").readFileSync("/proc/self/uid_map", "utf8");
  require("node:http").createServer((_, answer) => answer.end(map)).listen(process.env.PORT)`;

test("there are such namespaces, and below a folder that others may not pass what is said of them holds", { skip: needsRoot }, async () => {
  const fixture = await runtimeFixture();
  const check = async () => (await fixture.runtime.handlers.doctor({}, AbortSignal.timeout(10_000))).checks.find(({ name }) => name === "user namespaces");
  const rootOfApp = async () => {
    const made = await fixture.runtime.workloads.ensure(workload(await storeImage(fixture.home, users), "runc"));
    assert.ok(made.outcome === "ready", JSON.stringify(made));
    const map = await get(made.workload.instances[0]?.address ?? "", "/");
    return Number(map.trim().split(/\s+/)[1]);
  };
  try {
    assert.deepEqual([(await check())?.state, (await rootOfApp()) > 0], ["ok", true]);
    chmodSync(fixture.home.root, 0o700);
    await fixture.succeed();
    // Some runtimes come through to their layers all the same.
    const said = await check();
    assert.deepEqual([said?.state, /permission denied/.test(said?.detail ?? "")], (await rootOfApp()) > 0 ? ["ok", false] : ["warning", true]);
  } finally {
    await fixture.close();
  }
});
