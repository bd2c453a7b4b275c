import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { uids } from "#platform/installation.ts";
import { needsRoot, runtimeFixture, workload } from "../../testing/runtime-fixture.ts";
import { storeImage } from "../../testing/trial-image.ts";
import { Cgroup } from "../cgroup.ts";

/** Who a process is on the machine, and the numbers outside of its user namespace's users. */
const whoIs = (pid: number): { users: number[]; mapped: number[] } => ({
  users: (/^Uid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "").split("\t").map(Number),
  mapped: readFileSync(`/proc/${pid}/uid_map`, "utf8")
    .trim()
    .split("\n")
    .map((line) => Number(line.trim().split(/\s+/)[1])),
});

test("gVisor's own processes are nobody on the machine", { skip: needsRoot }, async () => {
  const fixture = await runtimeFixture();
  try {
    const { sandboxRoot } = uids(fixture.installation);
    const artifact = await storeImage(fixture.home, 'require("node:http").createServer((_, answer) => answer.end("ok")).listen(process.env.PORT)');
    const result = await fixture.runtime.workloads.ensure(workload(artifact, "gvisor"));
    const [instance] = result.outcome === "ready" ? result.workload.instances : [];
    const pids = new Cgroup(`/slipstream-${fixture.id}/${instance?.instance}`).pids();
    // Its kernel, its file server, and the processes that run the program's code.
    assert.ok(pids.length > 2, `${pids}`);
    for (const { users, mapped } of pids.map(whoIs)) {
      assert.deepEqual(new Set(users), new Set([sandboxRoot]));
      assert.ok(mapped[0] === sandboxRoot && mapped.length === 2, `${mapped}`);
    }
  } finally {
    await fixture.close();
  }
});
