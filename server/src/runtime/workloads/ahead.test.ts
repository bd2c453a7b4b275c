// Apps that were ended, and the sandboxes that are made for their next start.
import assert from "node:assert/strict";
import { cpSync, readFileSync, renameSync, rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { Instance } from "../instances/instance.ts";
import { eventually, get, needsRoot, type RuntimeFixture, runtimeFixture, sandboxWays, workload } from "../testing/runtime-fixture.ts";
import { storeImage } from "../testing/trial-image.ts";
import { trialProgram } from "../testing/trial-program.ts";

for (const { by, kind, crun } of sandboxWays.filter(({ kind }) => kind === "runc"))
  describe(`an app that was ended, whose next sandbox ${by} has made`, { skip: needsRoot }, () => {
    let fixture: RuntimeFixture;
    let artifact = "";
    before(async () => {
      fixture = await runtimeFixture({ crun, ahead: 1 });
      artifact = await storeImage(fixture.home, trialProgram);
    });
    after(() => fixture.close());

    const instanceOf = ({ id }: WorkloadSpec): Instance =>
      fixture.runtime.workloads.present.find(({ place }) => place.workload === id) ?? assert.fail("it has no instance");
    const pidOf = (spec: WorkloadSpec): number => Number(readFileSync(`${fixture.home.instances}/${instanceOf(spec).id}/pid`, "utf8"));
    const wake = ({ id }: WorkloadSpec): Promise<void> => fixture.runtime.workloads.wake(id);
    const address = (spec: WorkloadSpec): string => instanceOf(spec).view.address;
    const untilMade = (spec: WorkloadSpec) =>
      eventually(() => {
        fixture.runtime.workloads.look();
        return instanceOf(spec).isMade || undefined;
      }, "its next sandbox is there");

    const ended = async (): Promise<WorkloadSpec> => {
      const spec = workload(artifact, kind, { sleep: { afterMs: 100, stopMs: 0 } });
      assert.equal((await fixture.runtime.workloads.ensure(spec)).outcome, "ready");
      await untilMade(spec);
      return spec;
    };
    const remove = ({ id }: WorkloadSpec): Promise<void> => fixture.runtime.workloads.remove(id);

    /** It answers, and says whether it did so in the sandbox that was there. */
    const wakesIn = async (spec: WorkloadSpec, pid: number): Promise<boolean> => {
      await wake(spec);
      assert.equal(await get(address(spec), "/"), "ok");
      return pidOf(spec) === pid;
    };

    test("begins in it, again and again; until then no line of it has run, and no port is open", async () => {
      const spec = await ended();
      for (let times = 0; times < 2; times += 1) {
        const started = (): number => fixture.lines.filter(({ text }) => text.startsWith("started")).length;
        const before = started();
        await assert.rejects(get(address(spec), "/", 300));
        assert.equal(started(), before);
        assert.ok(await wakesIn(spec, pidOf(spec)));
        await eventually(() => started() === before + 1 || undefined, "its line has come");
        await untilMade(spec);
      }
      await remove(spec);
      const { found } = await fixture.runtime.inspect();
      assert.deepEqual(
        found.filter(({ kind: of }) => of === "process" || of === "mount" || of === "cgroup" || of === "runtime-state"),
        [],
      );
    });

    // What is left to be seen is the same in both.
    if (by !== "crun") return;

    test("is started from nothing where that has died", async () => {
      const spec = await ended();
      const pid = pidOf(spec);
      process.kill(pid, "SIGKILL");
      await eventually(() => !instanceOf(spec).isMade || undefined, "its end is seen");
      assert.equal(await wakesIn(spec, pid), false);
      assert.equal(instanceOf(spec).view.restarts, 0);
      await remove(spec);
    });

    test("is started from nothing where one of its layers was unpacked anew", async () => {
      const spec = await ended();
      const layer = instanceOf(spec).layers.at(-1) ?? assert.fail();
      renameSync(layer, `${layer}.old`);
      cpSync(`${layer}.old`, layer, { recursive: true, preserveTimestamps: true });
      assert.equal(await wakesIn(spec, pidOf(spec)), false);
      rmSync(`${layer}.old`, { recursive: true });
      await remove(spec);
    });

    test("begins in it also under the next host process", async () => {
      const spec = await ended();
      const pid = pidOf(spec);
      await fixture.succeed();
      assert.ok(instanceOf(spec).isMade);
      assert.ok(await wakesIn(spec, pid));
      await remove(spec);
    });

    test("has it until so many others were ended after it", async () => {
      const [first, second] = [await ended(), await ended()];
      await eventually(() => !instanceOf(first).isMade || undefined, "the room is another's");
      assert.ok(instanceOf(second).isMade);
      await wake(first);
      assert.equal(await get(address(first), "/"), "ok");
      await Promise.all([remove(first), remove(second)]);
    });
  });
