// The runtime against the machine: real sandboxes, networks and control groups, once for each kind of sandbox that works here.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { EnsureResult, Instance, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { SandboxKind } from "@slipstream/contract/words.ts";
import { exec } from "#platform/exec.ts";
import { uids } from "#platform/installation.ts";
import { Cgroup, childGroups, sandboxMemory } from "./sandboxes/cgroup.ts";
import { eventually, get, needsRoot, type RuntimeFixture, runtimeFixture, workload } from "./testing/runtime-fixture.ts";
import { storeImage } from "./testing/trial-image.ts";
import { trialProgram } from "./testing/trial-program.ts";

const kinds: readonly SandboxKind[] = ["runc", "gvisor"];

/** The kernel counts memory in whole pages. */
const pages = (bytes: number): number => Math.floor(bytes / 4_096) * 4_096;

const firstOf = (result: EnsureResult): Instance => {
  assert.equal(result.outcome, "ready", JSON.stringify(result));
  const instance = result.outcome === "ready" ? result.workload.instances[0] : undefined;
  assert.ok(instance);
  return instance;
};

const failureIn = (result: EnsureResult) => {
  assert.equal(result.outcome, "failed");
  return result.outcome === "failed" ? result.failure : assert.fail();
};

/** The numbers that the users of a user namespace have outside. */
const outsideOf = (map: string): number[] => [...map.matchAll(/^\s*\d+\s+(\d+)\s+1$/gm)].map(([, outside]) => Number(outside));

/** Everything that an instance has on the machine. */
const traces = async ({ home, id }: RuntimeFixture) => ({
  bundles: [...readdirSync(home.instances), ...readdirSync(home.runs), ...readdirSync(home.workloads), ...readdirSync(home.exits)],
  mounts: readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => [home.instances, home.runs].some((folder) => line.includes(folder))),
  groups: childGroups(`/slipstream-${id}`),
  processes: (await exec(["pgrep", "-f", home.root])).stdout.trim(),
});

for (const kind of kinds)
  describe(`an instance under ${kind}`, { skip: needsRoot }, () => {
    let fixture: RuntimeFixture;
    let artifact: string;
    before(async () => {
      fixture = await runtimeFixture();
      artifact = await storeImage(fixture.home, trialProgram);
    });
    after(() => fixture.close());
    const ensure = (spec: WorkloadSpec): Promise<EnsureResult> => fixture.runtime.workloads.ensure(spec);
    const remove = (spec: WorkloadSpec): Promise<void> => fixture.runtime.workloads.remove(spec.id);
    const viewOf = ({ id: wanted }: WorkloadSpec) => fixture.runtime.workloads.list().find(({ id }) => id === wanted)?.instances[0];
    const lineWith = (text: string): Promise<string> => eventually(() => fixture.lines.find((line) => line.text.includes(text))?.text, `"${text}" is logged`);

    test("works here", () =>
      assert.deepEqual(
        fixture.runtime
          .sandboxes()
          .findings.filter((one) => one.kind === kind)
          .map(({ works }) => works),
        [true],
      ));

    test("serves with its variables, is confined, is logged without its secrets, and leaves nothing", async () => {
      const spec = workload(artifact, kind);
      const instance = firstOf(await ensure(spec));
      const env = JSON.parse(await get(instance.address, "/env"));
      assert.deepEqual(
        [env.PORT, env.HOST, env.SLIP_APP, env.SLIP_DEPLOYMENT, env.SLIP_RELEASE, env.SLIP_COMMIT, env.NODE_ENV, env.FROM, env.TOKEN],
        ["3000", "0.0.0.0", "shop", spec.id, "1", "abc", "production", "image", "s3cret-value"],
      );
      const seen = JSON.parse(await get(instance.address, "/confined"));
      assert.ok(seen.uid > 65_535 && seen.pid <= 2 && seen.processes < 10, JSON.stringify(seen));
      assert.deepEqual([seen.tmp, seen.output, seen.user], ["done", "done", "app"]);
      for (const refused of [seen.root, seen.app, seen.sysctl]) assert.match(refused, /^(EROFS|EACCES|EPERM)$/);
      assert.notEqual(seen.mount.split(" ")[0], "0");
      assert.match(seen.resolv, /^nameserver /);
      if (kind === "runc") assert.match(seen.namespace, /not permitted/);
      if (kind === "runc") assert.deepEqual(outsideOf(seen.users), [uids(fixture.installation).sandboxRoot, seen.uid]);
      const status = await get(instance.address, "/status");
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd"]) assert.match(status, new RegExp(`${set}:\\s+0+\\n`));
      if (kind === "runc") assert.match(status, /NoNewPrivs:\s+1\n/);
      if (kind === "runc") assert.match(status, /Seccomp:\s+2\n/);
      assert.equal(await lineWith("started"), "started [redacted]");
      const line = fixture.lines.find(({ text }) => text.startsWith("started"));
      assert.deepEqual([line?.source, line?.app, line?.deployment, line?.instance, line?.stream], ["runtime", "shop", spec.id, instance.instance, "stdout"]);
      await remove(spec);
      await lineWith("asked to end");
      assert.deepEqual(await traces(fixture), { bundles: [], mounts: [], groups: [], processes: "" });
    });

    test("shares with all others less memory than the machine has, whatever it was promised", async () => {
      const spec = workload(artifact, kind, { memoryBytes: 2 ** 40 });
      firstOf(await ensure(spec));
      const bounds = ["memory.max", "memory/memory.limit_in_bytes"].map((path) => path.replace(/[^/]+$/, (name) => `slipstream-${fixture.id}/${name}`));
      const bound = bounds.map((path) => join("/sys/fs/cgroup", path)).find(existsSync);
      assert.equal(Number(readFileSync(bound ?? assert.fail("there is no bound"), "utf8")), pages(sandboxMemory(totalmem())));
      await remove(spec);
    });

    test("asked for again is the same, and asked for twice is two", async () => {
      const spec = workload(artifact, kind);
      const [first, joined] = await Promise.all([ensure(spec), ensure(spec)]);
      assert.deepEqual(firstOf(joined), firstOf(first));
      assert.deepEqual(firstOf(await ensure(spec)), firstOf(first));
      const two = await ensure({ ...spec, instances: 2 });
      assert.equal(two.outcome === "ready" && new Set(two.workload.instances.map(({ address }) => address)).size, 2);
      const users = two.outcome === "ready" ? two.workload.instances.map(async ({ address }) => JSON.parse(await get(address, "/confined")).uid) : [];
      assert.equal(new Set(await Promise.all(users)).size, 2);
      const one = await ensure(spec);
      assert.deepEqual(one.outcome === "ready" && one.workload.instances.map(({ instance }) => instance), [firstOf(first).instance]);
      await remove(spec);
    });

    test("parked stands still, and answers at once when it is wanted", async () => {
      const spec = workload(artifact, kind);
      const { address } = firstOf(await ensure(spec));
      await fixture.runtime.workloads.park(spec.id);
      assert.equal(viewOf(spec)?.state, "parked");
      await assert.rejects(get(address, "/", 300), /no answer in time/);
      await fixture.runtime.workloads.unpark(spec.id);
      assert.equal(await get(address, "/", 1_000), "ok");
      await fixture.runtime.workloads.park(spec.id);
      await remove(spec);
      assert.deepEqual((await traces(fixture)).groups, []);
    });

    test("that crashes comes back at the same address, and it is told why", async () => {
      const spec = workload(artifact, kind);
      const { address } = firstOf(await ensure(spec));
      await get(address, "/crash");
      await lineWith("The program ended with 7");
      await eventually(() => (viewOf(spec)?.state === "ready" ? true : undefined), "it is ready again");
      assert.equal(await get(address, "/"), "ok");
      assert.equal(viewOf(spec)?.restarts, 1);
      await get(address, "/eat");
      await lineWith("needed more than its 256MB");
      await remove(spec);
    });

    test("outlives the host process; no line of it is lost", async () => {
      const spec = workload(artifact, kind);
      const instance = firstOf(await ensure(spec));
      await lineWith("started");
      const parked = workload(artifact, kind);
      await ensure(parked);
      await fixture.runtime.workloads.park(parked.id);
      const before = fixture.lines.filter(({ deployment }) => deployment === spec.id).length;
      const closing = fixture.runtime.close(false);
      await closing;
      await get(instance.address, "/say?text=meanwhile");
      const next = await fixture.succeed();
      await lineWith("meanwhile");
      assert.deepEqual(next.workloads.list().find(({ id }) => id === spec.id)?.instances, [instance]);
      assert.equal(next.workloads.list().find(({ id }) => id === parked.id)?.desire, "parked");
      assert.deepEqual(firstOf(await ensure(spec)), instance);
      assert.equal(fixture.lines.filter(({ deployment }) => deployment === spec.id).length, before + 1);
      await get(instance.address, "/crash");
      await eventually(() => (viewOf(spec)?.restarts === 1 ? true : undefined), "it is restarted");
      const left = await next.workloads.reconcile({ workloads: [{ spec: parked, desire: "running" }] });
      assert.deepEqual(
        left.map(({ id, desire }) => [id, desire]),
        [[parked.id, "running"]],
      );
      await remove(parked);
    });

    test("whose end nobody wrote down comes back too", async () => {
      const spec = workload(artifact, kind);
      const { instance, address } = firstOf(await ensure(spec));
      const conmon = Number(readFileSync(join(fixture.home.instances, instance, "conmon.pid"), "utf8"));
      process.kill(conmon, "SIGKILL");
      new Cgroup(`/slipstream-${fixture.id}/${instance}`).kill();
      await eventually(() => (viewOf(spec)?.restarts === 1 && viewOf(spec)?.state === "ready" ? true : undefined), "it is started again");
      assert.equal(await get(address, "/"), "ok");
      await remove(spec);
    });

    test("that takes its time to end is not waited for when the platform stops", async () => {
      const stubborn = `${trialProgram}; process.removeAllListeners("SIGTERM"); process.on("SIGTERM", () => {});`;
      const spec = workload(await storeImage(fixture.home, stubborn), kind);
      await ensure(spec);
      const started = performance.now();
      const removing = remove(spec);
      await fixture.succeed(true);
      await removing;
      assert.ok(performance.now() - started < 8_000);
      assert.deepEqual(await traces(fixture), { bundles: [], mounts: [], groups: [], processes: "" });
    });

    test("cannot have more processes than its limit", async () => {
      const spec = workload(artifact, kind, { memoryBytes: 2 ** 30 });
      const { address } = firstOf(await ensure(spec));
      if (kind === "runc") assert.ok(Number(await get(address, "/fork", 20_000)) < 512);
      await remove(spec);
    });

    test("that ends, or is not there, or needs too much, fails with the reason, and leaves nothing", async () => {
      const failing = async (code: string, more: Partial<WorkloadSpec> = {}) =>
        failureIn(await ensure(workload(await storeImage(fixture.home, code), kind, more)));
      const exited = await failing('console.log("oh", process.env.TOKEN); process.exit(3)');
      assert.deepEqual([exited.code, exited.evidence], ["exited", ["oh [redacted]"]]);
      const loopback = await failing('require("node:http").createServer(() => {}).listen(process.env.PORT, "127.0.0.1")');
      assert.deepEqual([loopback.code, loopback.phase], ["loopback_only", "health"]);
      const missing = await failing("", { command: ["nosuchprogram"] });
      assert.deepEqual([missing.code, missing.phase], ["start_failed", "start"]);
      const memory = await failing("const all = []; setInterval(() => { for (let n = 0; n < 32; n++) all.push(Buffer.alloc(2 ** 20, 1)); }, 1)", {
        memoryBytes: 128 * 2 ** 20,
      });
      assert.equal(memory.code, "out_of_memory");
      const port = await failing('require("node:http").createServer(() => {}).listen(8123)', { health: { timeoutMs: 1_000, startMs: 1_500 } });
      assert.deepEqual([port.code, /8123/.test(port.summary)], ["wrong_port", true]);
      assert.deepEqual(await traces(fixture), { bundles: [], mounts: [], groups: [], processes: "" });
    });

    test("removed while it starts is gone", async () => {
      const spec = workload(await storeImage(fixture.home, "setInterval(() => {}, 1000)"), kind);
      const ensuring = ensure(spec);
      ensuring.catch(() => {});
      await eventually(() => (existsSync(fixture.home.instances) && readdirSync(fixture.home.instances).length > 0 ? true : undefined), "it is being started");
      await remove(spec);
      await assert.rejects(ensuring, { code: "cancelled" });
      assert.deepEqual(await traces(fixture), { bundles: [], mounts: [], groups: [], processes: "" });
    });
  });

describe("runc and crun", { skip: needsRoot }, () => {
  /** As the runtime programs keep it. */
  /** Newer versions of crun keep a folder of their own beside those of their sandboxes. */
  const recordsOf = ({ home }: RuntimeFixture): string[] => readdirSync(join(home.runtimes, "runc")).filter((name) => name !== ".cache");

  test("a host with crun goes on with what one without it has started, and the other way round; nothing is left", async () => {
    const of = { crun: false };
    const fixture = await runtimeFixture(of);
    try {
      const artifact = await storeImage(fixture.home, trialProgram);
      for (const crun of [true, false]) {
        const spec = workload(artifact, "runc");
        const { address } = firstOf(await fixture.runtime.workloads.ensure(spec));
        const finding = fixture.runtime.sandboxes().findings.find(({ kind }) => kind === "runc");
        assert.match(finding?.detail ?? "", crun ? /runc, user namespaces$/ : /crun, user namespaces$/);
        assert.match(await get(address, "/status"), /Seccomp:\s+2\n/);
        of.crun = crun;
        await fixture.succeed();
        assert.equal(await get(address, "/"), "ok");
        // It comes back, by the other program.
        await get(address, "/crash");
        const restarts = () => fixture.runtime.workloads.list()[0]?.instances[0]?.restarts;
        await eventually(async () => (restarts() === 1 && (await get(address, "/").catch(() => undefined)) === "ok") || undefined, "it is started again");
        await fixture.runtime.workloads.remove(spec.id);
        assert.deepEqual([await traces(fixture), recordsOf(fixture)], [{ bundles: [], mounts: [], groups: [], processes: "" }, []]);
      }
    } finally {
      await fixture.close();
    }
  });
});
