// Workloads that nobody uses, in real sandboxes of each kind: frozen, ended, woken.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import net from "node:net";
import { after, before, describe, test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import { eventually, get, needsRoot, type RuntimeFixture, runtimeFixture, workload } from "../testing/runtime-fixture.ts";
import { storeImage } from "../testing/trial-image.ts";
import { trialProgram } from "../testing/trial-program.ts";

const never = new AbortController().signal;
const hour = 3_600_000;

for (const sandbox of ["runc", "gvisor"] as const)
  describe(`a workload that nobody uses, in ${sandbox}`, { skip: needsRoot }, () => {
    let fixture: RuntimeFixture;
    let artifact = "";
    before(async () => {
      fixture = await runtimeFixture();
      artifact = await storeImage(fixture.home, trialProgram);
    });
    after(() => fixture.close());

    const start = async (more: Partial<WorkloadSpec>) => {
      const spec = workload(artifact, sandbox, more);
      assert.equal((await fixture.runtime.workloads.ensure(spec)).outcome, "ready");
      const states = () =>
        fixture.runtime.workloads
          .list()
          .find(({ id }) => id === spec.id)
          ?.instances.map(({ state }) => state) ?? [];
      const address = fixture.runtime.workloads.list().find(({ id }) => id === spec.id)?.instances[0]?.address ?? "";
      const becomes = (state: string) =>
        eventually(() => {
          fixture.runtime.workloads.look();
          return states().every((it) => it === state) || undefined;
        }, `it is ${state}`);
      return { id: spec.id, address, states, becomes, wake: () => fixture.runtime.workloads.wake(spec.id) };
    };
    const remove = (id: string) => fixture.runtime.handlers.remove({ id }, never);

    test("is frozen, and thawed by who asks for it, with all that it had in memory", async () => {
      const { id, address, becomes, states, wake } = await start({ sleep: { afterMs: 500, stopMs: hour }, instances: 2 });
      // Who holds a connection when the host looks, every two seconds, wakes it: that is not what is asked here.
      const isSilent = async () => {
        await becomes("asleep");
        const answered = await get(address, "/", 300).catch(() => undefined);
        return answered === undefined || undefined;
      };
      await eventually(isSilent, "a frozen program says nothing");
      await wake();
      assert.deepEqual(states(), ["ready", "ready"]);
      assert.equal(await get(address, "/"), "ok");
      assert.deepEqual(
        fixture.runtime.workloads.list().flatMap((it) => it.instances.map(({ restarts }) => restarts)),
        [0, 0],
      );
      await becomes("asleep");
      await remove(id);
      assert.equal(fixture.lines.filter(({ text }) => text === "asked to end").length, 2, "it may finish, as one that is awake");
    });

    test("is ended after that, and started by who asks for it, once for all who do, at the same address", async () => {
      const { id, address, becomes, states, wake } = await start({ sleep: { afterMs: 200, stopMs: 200 } });
      const pidFile = () => existsSync(`${fixture.home.instances}/${fixture.runtime.workloads.present.at(-1)?.id}/pid`);
      await becomes("stopped");
      await eventually(() => !pidFile() || undefined, "its program is gone");
      await assert.rejects(get(address, "/", 300));
      await Promise.all(Array.from({ length: 5 }, wake));
      assert.deepEqual(states(), ["ready"]);
      assert.equal(await get(address, "/"), "ok");
      assert.equal(fixture.lines.filter(({ text }) => text.startsWith("started")).length >= 2, true);
      await remove(id);
    });

    test("does not sleep while a client holds a connection, or while it works", async () => {
      const { id, address, becomes, states } = await start({ sleep: { afterMs: 300, stopMs: hour } });
      const [host = "", port] = address.split(":");
      const client = net.connect(Number(port), host);
      await new Promise((resolve) => client.once("connect", resolve));
      const stays = async (ms: number, what: string) => {
        for (const end = performance.now() + ms; performance.now() < end; ) {
          fixture.runtime.workloads.look();
          assert.deepEqual(states(), ["ready"], what);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      };
      await stays(900, "a connection");
      client.destroy();
      await get(address, "/work");
      await stays(900, "work");
      await get(address, "/rest");
      await becomes("asleep");
      await remove(id);
    });

    test("is known to sleep by the next host process, frozen or ended", async () => {
      const frozen = await start({ sleep: { afterMs: 200, stopMs: hour } });
      const ended = await start({ sleep: { afterMs: 200, stopMs: 0 } });
      await frozen.becomes("asleep");
      await ended.becomes("stopped");
      await fixture.succeed();
      assert.deepEqual([frozen.states(), ended.states()], [["asleep"], ["stopped"]]);
      await Promise.all([frozen.wake(), ended.wake()]);
      assert.deepEqual([await get(frozen.address, "/"), await get(ended.address, "/")], ["ok", "ok"]);
      await frozen.becomes("asleep");
      await ended.becomes("stopped");
      await Promise.all([remove(frozen.id), remove(ended.id)]);
    });

    test("goes and is parked as it is, and what is not there cannot be woken", async () => {
      const { id, address, becomes, states, wake } = await start({ sleep: { afterMs: 200, stopMs: 0 } });
      await becomes("stopped");
      await fixture.runtime.workloads.park(id);
      assert.deepEqual(states(), ["stopped"]);
      await fixture.runtime.workloads.unpark(id);
      assert.deepEqual(states(), ["ready"], "it serves again");
      assert.equal(await get(address, "/"), "ok");
      await becomes("stopped");
      await remove(id);
      await assert.rejects(wake(), (error: SlipError) => error.code === "not_found");
      const { held, found } = await fixture.runtime.inspect();
      assert.deepEqual(held.sandboxes, []);
      assert.deepEqual(
        found.filter(({ kind }) => kind === "cgroup" || kind === "mount" || kind === "bundle"),
        [],
      );
    });

    test("that never sleeps does not", async () => {
      const { id, states } = await start({});
      for (let times = 0; times < 10; times += 1) {
        fixture.runtime.workloads.look();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.deepEqual(states(), ["ready"]);
      await remove(id);
    });
  });

describe("workloads that are parked", { skip: needsRoot }, () => {
  test("hold no more memory together than they may: those beyond are ended, and start when they are to serve again", async () => {
    const fixture = await runtimeFixture({ parkedBytes: 1 });
    try {
      const { workloads } = fixture.runtime;
      const spec = workload(await storeImage(fixture.home, trialProgram), "runc");
      await workloads.ensure(spec);
      await workloads.park(spec.id);
      const states = () => workloads.list().flatMap(({ desire, instances }) => instances.map(({ state }) => `${desire} ${state}`));
      assert.deepEqual(states(), ["parked parked"]);
      workloads.look();
      await eventually(() => states()[0] === "parked stopped" || undefined, "it is ended");
      const { instances } = await workloads.unpark(spec.id);
      assert.equal(await get(instances[0]?.address ?? "", "/"), "ok");
    } finally {
      await fixture.close();
    }
  });
});
