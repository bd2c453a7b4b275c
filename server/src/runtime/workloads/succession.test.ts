// Workloads that were ended and are asked for again, where a spare waits: another instance, at the same address.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Instance, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { MachineThing } from "@slipstream/contract/ports/inspection.ts";
import { exec, execOrThrow } from "#platform/exec.ts";
import { eventually, get, needsRoot, type RuntimeFixture, runtimeFixture, sandboxWays, workload } from "../testing/runtime-fixture.ts";
import { tellingProgram } from "../testing/spare-programs.ts";
import { storeImage } from "../testing/trial-image.ts";

/** Longer than it takes to look at it. */
const staysAwakeMs = 2_500;

for (const { by, kind, crun } of sandboxWays)
  describe(`an app that was ended and wakes in a spare of ${by}`, { skip: needsRoot }, () => {
    let fixture: RuntimeFixture;
    let artifact = "";
    before(async () => {
      fixture = await runtimeFixture({ crun, spares: 1 });
      artifact = await storeImage(fixture.home, tellingProgram);
    });
    after(() => fixture.close());

    const instancesOf = ({ id: wanted }: WorkloadSpec): Instance[] => fixture.runtime.workloads.list().find(({ id }) => id === wanted)?.instances ?? [];
    const only = (spec: WorkloadSpec): Instance => instancesOf(spec)[0] ?? assert.fail("it has no instance");
    const untilWaiting = () => eventually(() => fixture.runtime.spares.waiting[0], "a spare waits");
    const end = (spec: WorkloadSpec) =>
      eventually(() => {
        fixture.runtime.workloads.look();
        return instancesOf(spec).every(({ state }) => state === "stopped") || undefined;
      }, "it is ended");
    const wake = ({ id }: WorkloadSpec): Promise<void> => fixture.runtime.workloads.wake(id);
    const tell = async ({ address }: Instance) => JSON.parse(await get(address, "/"));

    /** An app that was started, ended, and has a spare that waits for its like. The host looks by itself, too, for what nobody has used for `afterMs`. */
    const ended = async (afterMs = 100): Promise<{ spec: WorkloadSpec; first: Instance; spare: string }> => {
      const spec = workload(artifact, kind, { sleep: { afterMs, stopMs: 0 } });
      assert.equal((await fixture.runtime.workloads.ensure(spec)).outcome, "ready");
      const first = only(spec);
      const spare = await untilWaiting();
      await end(spec);
      return { spec, first, spare };
    };

    /** No folder and no network of an instance before is there, or is being removed. */
    const untilGone = (before: Instance): Promise<true> =>
      eventually(async () => {
        const { held, found } = await fixture.runtime.inspect();
        if (held.sandboxes.some(({ sandbox }) => sandbox === before.instance)) return undefined;
        const [sandboxes, networks] = [held.sandboxes.map(({ sandbox }) => sandbox), [...held.networks, ...held.sandboxes.map(({ network }) => network)]];
        const isHeld = ({ kind: of, name }: MachineThing): boolean => (of === "namespace" ? networks : sandboxes).includes(name);
        return found.filter(({ kind: of }) => of === "namespace" || of === "bundle").every(isHeld) || undefined;
      }, "nothing is there but what is held");

    test("is another instance at the same address, and knows itself by it", async () => {
      const { spec, first, spare } = await ended();
      await Promise.all([wake(spec), wake(spec)]);
      const woken = only(spec);
      assert.deepEqual([woken.instance, woken.address, woken.state], [spare, first.address, "ready"]);
      const { env, names } = await tell(woken);
      assert.equal(env.SLIP_INSTANCE, spare);
      assert.match(names[1], new RegExp(`^${first.address.split(":")[0]} ${spare.replace("_", "-")}$`, "m"));
      const { stdout } = await exec(["ip", "-n", (await placeOf(woken)).network, "route", "get", "192.0.2.1"]);
      assert.match(stdout, new RegExp(` src ${first.address.split(":")[0]} `), "others see it at its address");
      await untilGone(first);
      await fixture.runtime.workloads.remove(spec.id);
    });

    const placeOf = async ({ instance }: Instance) => {
      const { held } = await fixture.runtime.inspect();
      return held.sandboxes.find(({ sandbox }) => sandbox === instance) ?? assert.fail();
    };

    // What is left to be seen is the same in all of them.
    if (by !== "crun") return;

    test("wakes so again and again, and leaves nothing", async () => {
      const { spec, first } = await ended();
      const seen = new Set([first.instance]);
      for (let times = 0; times < 3; times += 1) {
        await untilWaiting();
        await wake(spec);
        const woken = only(spec);
        assert.equal(woken.address, first.address);
        assert.equal((await tell(woken)).env.SLIP_INSTANCE, woken.instance);
        seen.add(woken.instance);
        await end(spec);
      }
      assert.equal(seen.size, 4);
      const last = only(spec);
      await fixture.runtime.workloads.remove(spec.id);
      await untilGone(last);
      assert.equal(instancesOf(spec).length, 0);
    });

    test("wakes without a spare where none waits, at the same address", async () => {
      const { spec, first } = await ended();
      await wake(spec);
      await end(spec);
      const { instance } = only(spec);
      // Another app takes what waits.
      await untilWaiting();
      const other = workload(artifact, kind);
      await fixture.runtime.workloads.ensure(other);
      await wake(spec);
      assert.deepEqual([only(spec).instance, only(spec).address], [instance, first.address]);
      assert.equal((await tell(only(spec))).env.SLIP_INSTANCE, instance);
      await Promise.all([fixture.runtime.workloads.remove(spec.id), fixture.runtime.workloads.remove(other.id)]);
    });

    test("is taken over by the next host process, which gives its address to nobody else", async () => {
      const { spec, first } = await ended(staysAwakeMs);
      await wake(spec);
      const woken = only(spec);
      await untilGone(first);
      await fixture.succeed();
      assert.deepEqual(only(spec), woken);
      assert.equal((await tell(woken)).env.SLIP_INSTANCE, woken.instance);
      const others = Array.from({ length: 6 }, () => workload(artifact, kind));
      await Promise.all(others.map((other) => fixture.runtime.workloads.ensure(other)));
      assert.ok(others.every((other) => only(other).address !== first.address));
      // It may have been ended meanwhile.
      await wake(spec);
      assert.equal((await tell(only(spec))).env.SLIP_INSTANCE, only(spec).instance);
      await Promise.all(others.map(({ id }) => fixture.runtime.workloads.remove(id)));
      await end(spec);
      await fixture.succeed();
      await wake(spec);
      assert.equal(only(spec).address, first.address);
      await tell(only(spec));
      await fixture.runtime.workloads.remove(spec.id);
    });

    test("is at its address also where the host process has died on the way", async () => {
      const { spec, first } = await ended(staysAwakeMs);
      const address = first.address.split(":")[0] ?? "";
      const { network } = await placeOf(first);
      const record = `${fixture.home.instances}/${first.instance}/instance.json`;
      const text = readFileSync(record, "utf8");
      await execOrThrow(["ip", "route", "delete", `${address}/32`]);
      await fixture.succeed();
      await wake(spec);
      assert.deepEqual([only(spec).instance, only(spec).address], [first.instance, first.address], "its address was being moved");
      await untilWaiting();
      await end(spec);
      await wake(spec);
      const woken = only(spec);
      await untilGone(first);
      await execOrThrow(["ip", "netns", "add", network]);
      mkdirSync(dirname(record));
      writeFileSync(record, text);
      await fixture.succeed();
      assert.deepEqual(instancesOf(spec), [woken], "whom it succeeded was not forgotten yet");
      assert.equal((await tell(woken)).env.SLIP_INSTANCE, woken.instance);
      await untilGone(first);
      await fixture.runtime.workloads.remove(spec.id);
    });

    test("wakes from nothing where the spare has died", async () => {
      const { spec, first, spare } = await ended();
      for (const pid of readFileSync(`${fixture.home.instances}/${spare}/pid`, "utf8").split("\n")) if (pid) process.kill(Number(pid), "SIGKILL");
      await wake(spec);
      assert.deepEqual([only(spec).instance, only(spec).address], [spare, first.address]);
      assert.equal((await tell(only(spec))).env.SLIP_INSTANCE, spare);
      await fixture.runtime.workloads.remove(spec.id);
    });
  });
