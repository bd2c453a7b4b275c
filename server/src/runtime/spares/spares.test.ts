// Instances that begin in a sandbox which was made in advance, against the machine: they are what all others are.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { EnsureResult, Instance, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import { exec } from "#platform/exec.ts";
import { childGroups } from "../sandboxes/cgroup.ts";
import { eventually, get, needsRoot, type RuntimeFixture, runtimeFixture, sandboxWays, workload } from "../testing/runtime-fixture.ts";
import { tellingModule, tellingProgram, throwingProgram } from "../testing/spare-programs.ts";
import { storeImage } from "../testing/trial-image.ts";

const firstOf = (result: EnsureResult): Instance => {
  assert.equal(result.outcome, "ready", JSON.stringify(result));
  return (result.outcome === "ready" ? result.workload.instances[0] : undefined) ?? assert.fail();
};

const processes = async (of: string): Promise<string> => (await exec(["pgrep", "-f", of])).stdout.trim();

for (const { by, kind, crun } of sandboxWays)
  describe(`a spare of ${by}`, { skip: needsRoot }, () => {
    let fixture: RuntimeFixture;
    let artifact: string;
    before(async () => {
      fixture = await runtimeFixture({ crun, spares: 2 });
      artifact = await storeImage(fixture.home, tellingProgram);
      const first = app();
      firstOf(await ensure(first));
      await eventually(() => waiting().length > 0 || isClosed() || undefined, "a spare waits, or none is made");
      await remove(first);
      await fixture.runtime.spares.clear();
    });
    after(() => fixture.close());

    const ensure = (spec: WorkloadSpec): Promise<EnsureResult> => fixture.runtime.workloads.ensure(spec);
    const remove = ({ id }: WorkloadSpec): Promise<void> => fixture.runtime.workloads.remove(id);
    const app = (more: Partial<WorkloadSpec> = {}): WorkloadSpec => workload(artifact, kind, more);
    const stateOf = ({ id: wanted }: WorkloadSpec) => fixture.runtime.workloads.list().find(({ id }) => id === wanted)?.instances[0]?.state;
    /** Sandboxes that wait for an app. */
    const waiting = (): readonly string[] => fixture.runtime.spares.waiting;
    const untilWaiting = (count: number): Promise<readonly string[]> =>
      eventually(() => {
        const all = waiting();
        return all.length >= count ? all : undefined;
      }, `${count} spares wait`);

    const isClosed = (): boolean => fixture.runtime.spares.closed.has(kind);
    /** Some versions of runc, and no other runtime, let nothing in that is mounted later: then no spare is made, which a test of its own is about. */
    const whereMade = (name: string, act: () => Promise<void>): void => {
      test(name, (t) => (isClosed() && by === "runc" ? t.skip("this runc lets nothing in that is mounted later") : act()));
    };

    /** Starts and ends an app, after which spares for its like wait. */
    const prepare = async (spec: WorkloadSpec): Promise<readonly string[]> => {
      firstOf(await ensure(spec));
      await remove(spec);
      return await untilWaiting(1);
    };

    test("is made where its runtime lets in what is mounted later, and else all starts have a sandbox of their own", async () => {
      const [one, other] = [app(), app()];
      firstOf(await ensure(one));
      await remove(one);
      if (isClosed()) assert.deepEqual(waiting(), []);
      else await untilWaiting(1);
      assert.equal(await get(firstOf(await ensure(other)).address, "/").then((said) => JSON.parse(said).env.SLIP_DEPLOYMENT), other.id);
      await remove(other);
      await fixture.runtime.spares.clear();
    });

    whereMade("becomes an instance that sees nothing which another one does not see", async () => {
      const [ordinary, next] = [app(), app()];
      const plain = firstOf(await ensure(ordinary));
      const spares = await untilWaiting(1);
      const began = performance.now();
      const instance = firstOf(await ensure(next));
      const tookSeconds = (performance.now() - began) / 1_000;
      assert.ok(spares.includes(instance.instance) && !spares.includes(plain.instance));
      const [one, other] = await Promise.all([plain, instance].map(async ({ address }) => JSON.parse(await get(address, "/"))));
      // Who closes a connection looks at standard error, which opens it.
      const own = ({ env, uids, names, upSeconds, mounts, files, handles, ...all }: typeof one) => all;
      assert.ok(other.upSeconds < tookSeconds, `${other.upSeconds} s`);
      assert.deepEqual(own(other), own(one));
      assert.deepEqual(other.env, { ...one.env, SLIP_DEPLOYMENT: next.id, SLIP_INSTANCE: instance.instance });
      const name = instance.instance.replace("_", "-");
      assert.deepEqual(other.names, [name, `127.0.0.1 localhost\n${instance.address.split(":")[0]} ${name}\n`, `${name}\n`]);
      assert.notDeepEqual(other.uids, one.uids);
      // In gVisor it is no mount.
      if (kind === "runc")
        assert.match(
          other.mounts.findLast((line: string) => line.split(" ")[1] === "/app"),
          /\bro\b.*\bnosuid\b.*\bnodev\b/,
        );
      const { held } = await fixture.runtime.inspect();
      assert.deepEqual(
        held.sandboxes.filter(({ sandbox }) => sandbox === instance.instance).map(({ workload: of }) => of),
        [next.id],
      );
      await Promise.all([remove(ordinary), remove(next)]);
    });

    whereMade("belongs to one app, and is gone with it", async () => {
      await prepare(app());
      const spec = app({ instances: 3, env: { TOKEN: "s3cret-value" } });
      const result = await ensure(spec);
      const addresses = result.outcome === "ready" ? result.workload.instances.map(({ address }) => address) : [];
      const seen = await Promise.all(addresses.map(async (address) => JSON.parse(await get(address, "/"))));
      assert.equal(new Set(seen.map(({ env }) => env.SLIP_INSTANCE)).size, 3);
      assert.equal(new Set(seen.map(({ uids }) => uids[0])).size, 3);
      const used = new Set(seen.map(({ env }) => env.SLIP_INSTANCE));
      await remove(spec);
      assert.deepEqual(
        readdirSync(fixture.home.instances).filter((name) => used.has(name)),
        [],
      );
      assert.ok((await untilWaiting(1)).every((id) => !used.has(id)));
    });

    whereMade("that crashes comes back at its address, by itself", async () => {
      await prepare(app());
      const spec = app();
      const { address, instance } = firstOf(await ensure(spec));
      const before = JSON.parse(await get(address, "/"));
      await get(address, "/crash");
      await eventually(() => (stateOf(spec) === "backoff" ? undefined : stateOf(spec)), "it has ended");
      await eventually(
        () => (fixture.runtime.workloads.list().find(({ id }) => id === spec.id)?.instances[0]?.restarts === 1 && stateOf(spec) === "ready") || undefined,
        "it is back",
      );
      const after = JSON.parse(await get(address, "/"));
      assert.deepEqual([after.app, after.argv, after.env], [before.app, before.argv, before.env]);
      assert.equal(after.env.SLIP_INSTANCE, instance);
      await remove(spec);
    });

    whereMade("runs modules as Node does", async () => {
      const text = await storeImage(fixture.home, tellingModule, ["node", "/app/server.js", "--port", "1"]);
      const specs = [workload(text, kind), workload(text, kind)];
      const answers: string[] = [];
      for (const spec of specs) {
        const { address } = firstOf(await ensure(spec));
        answers.push(await get(address, "/"));
        await untilWaiting(1);
      }
      assert.equal(answers[1], answers[0]);
      assert.deepEqual(JSON.parse(answers[0] ?? "").argv.slice(1), ["/app/server.js", "--port", "1"]);
      await Promise.all(specs.map(remove));
    });

    whereMade("hands on to a program what that throws, as Node does", async () => {
      const text = await storeImage(fixture.home, throwingProgram);
      for (const _ of [1, 2]) {
        const spec = workload(text, kind);
        assert.equal(await get(firstOf(await ensure(spec)).address, "/"), "uncaughtException: at once");
        await untilWaiting(1);
        await remove(spec);
      }
    });

    whereMade("of a program that fails says of it what is said of others", async () => {
      const text = await storeImage(fixture.home, 'console.log("here"); null.x;');
      const failures: unknown[] = [];
      for (const _ of [1, 2]) {
        await untilWaiting(1);
        const result = await ensure(workload(text, kind, { env: { ...(failures.length === 0 ? { NODE_NO_WARNINGS: "1" } : {}) } }));
        failures.push(result.outcome === "failed" ? { ...result.failure, evidence: result.failure.evidence.filter((line) => !/^ +at /.test(line)) } : result);
      }
      assert.deepEqual(failures[1], failures[0]);
    });

    whereMade("that does not wait any more is no obstacle", async () => {
      for (const spare of await prepare(app()))
        for (const pid of readFileSync(`${fixture.home.instances}/${spare}/pid`, "utf8").split("\n")) if (pid) process.kill(Number(pid), "SIGKILL");
      const spec = app();
      const { address } = firstOf(await ensure(spec));
      assert.match(await get(address, "/"), /shop/);
      await remove(spec);
    });

    whereMade("is not taken for what is decided before a program begins", async () => {
      const spares = await prepare(app());
      for (const more of [{ env: { NODE_OPTIONS: "--max-old-space-size=64" } }, { memoryBytes: 300 * 2 ** 20 }, { cpus: 0.5 }, { env: { TZ: "Asia/Tokyo" } }]) {
        const spec = app(more);
        assert.ok(!spares.includes(firstOf(await ensure(spec)).instance), JSON.stringify(more));
        await remove(spec);
      }
    });

    whereMade("is removed by the host process after that which made it; what it became goes on", async () => {
      await prepare(app());
      const spec = app();
      const { address, instance } = firstOf(await ensure(spec));
      await untilWaiting(1);
      const before = await get(address, "/");
      await fixture.succeed();
      assert.deepEqual(readdirSync(fixture.home.instances), [instance]);
      assert.deepEqual(childGroups(`/slipstream-${fixture.id}`), [`/slipstream-${fixture.id}/${instance}`]);
      assert.equal(await get(address, "/"), before);
      await remove(spec);
      assert.equal(await processes(fixture.home.root), "");
      assert.ok(!readFileSync("/proc/self/mountinfo", "utf8").includes(`${fixture.home.instances}/`));
    });
  });
