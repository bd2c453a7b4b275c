// Workloads that are called by a schedule, in real sandboxes of each kind.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newId } from "#platform/ids.ts";
import { eventually, get, needsRoot, type RuntimeFixture, runtimeFixture, workload } from "../testing/runtime-fixture.ts";
import { scheduledProgram } from "../testing/scheduled-program.ts";
import { storeImage } from "../testing/trial-image.ts";

for (const sandbox of ["runc", "gvisor"] as const)
  describe(`a workload with a schedule, in ${sandbox}`, { skip: needsRoot }, () => {
    let fixture: RuntimeFixture;
    let id = "";
    before(async () => {
      fixture = await runtimeFixture();
      const artifact = await storeImage(fixture.home, scheduledProgram);
      const spec = workload(artifact, sandbox, { sleep: { afterMs: 500, stopMs: 200 } });
      id = spec.id;
      assert.equal((await fixture.runtime.workloads.ensure(spec)).outcome, "ready");
    });
    after(() => fixture.close());

    const call = (cron: string, dueAt = 1_800_000_000_000) => fixture.runtime.workloads.callScheduled({ id, cron, dueAt });
    const instance = () => fixture.runtime.workloads.list()[0]?.instances[0];
    const calls = async (): Promise<number> => Number(await get(instance()?.address ?? "", "/"));

    test("is called, and gives what it answered", async () => {
      assert.deepEqual(await call("well"), { outcome: "done" });
      assert.deepEqual(await call("badly"), { outcome: "failed", error: "Error: not today" });
      await eventually(() => fixture.lines.some(({ text }) => text === "called at 1800000000000 by POST") || undefined, "the call is in the log");
    });

    test("has failed where it does not answer as a function does", async () => {
      assert.deepEqual(await call("oddly"), { outcome: "failed", error: "It did not answer as a function does." });
      const lost = await call("never");
      assert.match(lost.outcome === "failed" ? lost.error : "", /^It ended the connection before it was done/);
    });

    test("is called once by those who ask for the same", async () => {
      const before = await calls();
      await Promise.all([call("well", 1), call("well", 1), call("well", 2)]);
      assert.equal(await calls(), before + 2);
    });

    test("is woken for a call, and is not put to rest before that is over", async () => {
      const rests = () => {
        fixture.runtime.workloads.look();
        return instance()?.state === "stopped" || undefined;
      };
      await eventually(rests, "it rests");
      const looking = setInterval(rests, 20);
      const result = await call("slowly").finally(() => clearInterval(looking));
      assert.deepEqual(result, { outcome: "done" });
      assert.equal(instance()?.state, "ready");
      await eventually(rests, "it rests again");
    });

    test("that is not here is not found", async () => {
      await assert.rejects(fixture.runtime.workloads.callScheduled({ id: newId("dep"), cron: "well", dueAt: 1 }), { code: "not_found" });
    });
  });
