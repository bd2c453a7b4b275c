// CPU time that is counted for somebody, in real sandboxes of each kind.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { CpuTime } from "@slipstream/contract/ports/host.ts";
import { newId } from "#platform/ids.ts";
import { eventually, get, needsRoot, type RuntimeFixture, runtimeFixture, workload } from "../testing/runtime-fixture.ts";
import { storeImage } from "../testing/trial-image.ts";
import { trialProgram } from "../testing/trial-program.ts";

const never = new AbortController().signal;
const burnMs = 400;
/** A busy machine gives less time than the clock says. */
const leastMs = burnMs / 8;

for (const sandbox of ["runc", "gvisor"] as const)
  describe(`CPU time in ${sandbox}`, { skip: needsRoot }, () => {
    let fixture: RuntimeFixture;
    let artifact = "";
    const account = newId("grt");
    before(async () => {
      fixture = await runtimeFixture();
      artifact = await storeImage(fixture.home, trialProgram);
    });
    after(() => fixture.close());

    const times = async (counted: readonly CpuTime[] = []): Promise<CpuTime[]> =>
      (await fixture.runtime.handlers.cpuTimes({ counted: [...counted] }, never)).times.filter((time) => time.account === account);
    const totalOf = (all: readonly CpuTime[]): number => all.reduce((sum, { ms }) => sum + ms, 0);
    const start = async (more: { account?: string } = {}) => {
      const spec = workload(artifact, sandbox, more);
      assert.equal((await fixture.runtime.workloads.ensure(spec)).outcome, "ready");
      const address = () => fixture.runtime.workloads.list().find(({ id }) => id === spec.id)?.instances[0]?.address ?? "";
      return { id: spec.id, address, remove: () => fixture.runtime.handlers.remove({ id: spec.id }, never) };
    };

    test("of an instance grows, outlives its host process, a restart and its end, and is told until it was counted", async () => {
      const { address, remove } = await start({ account });
      const [before] = await times();
      assert.ok(before);
      await get(address(), `/burn?ms=${burnMs}`);
      const [burnt] = await times();
      assert.equal(burnt?.sandbox, before.sandbox);
      assert.ok(burnt.ms >= before.ms + leastMs, `${before.ms} → ${burnt.ms}`);
      await fixture.succeed();
      const [adopted] = await times();
      assert.equal(adopted?.sandbox, before.sandbox);
      assert.ok(adopted.ms >= burnt.ms);
      await get(address(), "/crash").catch(() => "it has ended");
      const both = await eventually(async () => {
        const all = await times();
        return all.length === 2 ? all : undefined;
      }, "the program is started again, and has another name");
      assert.ok((both.find(({ sandbox: name }) => name === before.sandbox)?.ms ?? 0) >= adopted.ms, "of the program before it nothing is lost");
      await eventually(() => get(address(), "/", 500).catch(() => undefined), "it answers again");
      await get(address(), `/burn?ms=${burnMs}`);
      await remove();
      const second = both.find(({ sandbox: name }) => name !== before.sandbox);
      // What was counted while it ran is not all that it used.
      const ended = await times(both);
      assert.deepEqual(
        ended.map(({ sandbox: name }) => name),
        [second?.sandbox],
      );
      assert.ok(totalOf(ended) >= (second?.ms ?? 0) + leastMs, JSON.stringify([both, ended]));
      assert.deepEqual(await times(), ended, "until it was counted");
      assert.deepEqual(await times(ended), []);
    });

    test("of a command that runs once is told when it has ended; of what nobody is to account for nothing is", async () => {
      const spec = workload(artifact, sandbox);
      const code = `for (const end = Date.now() + ${burnMs}; Date.now() < end; );`;
      const job = { workload: spec, command: ["node", "-e", code], timeoutMs: 30_000 };
      await fixture.runtime.handlers.runJob({ ...job, id: newId("run") }, never);
      assert.deepEqual(await times(), []);
      await fixture.runtime.handlers.runJob({ ...job, id: newId("run"), account }, never);
      const told = await times();
      assert.equal(told.length, 1);
      assert.ok(totalOf(told) >= leastMs, `${totalOf(told)} ms`);
      await times(told);
    });
  });
