// Instances that begin in a Python that waited, against the machine: they are what all others are.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Instance, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import { needsPython, packages, storePythonImage } from "../../testing/python-image.ts";
import { eventually, get, needsRoot, type RuntimeFixture, runtimeFixture, sandboxWays, workload } from "../../testing/runtime-fixture.ts";

const telling = readFileSync(join(import.meta.dirname, "../../testing/telling.py"), "utf8");
const program = `#!/app/.venv/bin/python\nimport brought, runpy\n${telling}`;

const files = (): Record<string, string> => ({
  "main.py": telling,
  "telling.py": telling,
  ".venv/bin/serve": program,
  [`${packages()}/brought.py`]: "",
  "finding.py": `import brought, found\n${telling}`,
  "lib/found.py": "",
  "others/stat.py": "from _stat import *\n",
});

interface Way {
  what: string;
  args: readonly string[];
  env?: Record<string, string>;
  /** What waited executes its command. */
  anew?: true;
}
const ways: readonly Way[] = [
  { what: "a script", args: ["python3", "main.py", "--now"] },
  { what: "a module", args: ["python3", "-m", "telling"] },
  { what: "a program of a package", args: ["serve", "app:app"] },
  { what: "a line of a shell", args: ["/bin/sh", "-c", `exec serve --bind "0.0.0.0:$PORT" 'app:app'`] },
  { what: "a script that imports from folders of its app", args: ["python3", "finding.py"], env: { PYTHONPATH: "/app/lib:/usr:/app/lib" } },
  { what: "what only another start can be", args: ["python3", "-X", "utf8", "main.py"], anew: true },
  { what: "what has modules of other names first", args: ["python3", "main.py"], env: { PYTHONPATH: "/app/others" }, anew: true },
];

for (const { by, kind, crun } of sandboxWays)
  describe(`a spare of Python and ${by}`, { skip: needsRoot || needsPython }, () => {
    let fixture: RuntimeFixture;
    before(async () => {
      fixture = await runtimeFixture({ crun, spares: 1 });
    });
    after(() => fixture.close());

    const start = async (spec: WorkloadSpec): Promise<Instance> => {
      const result = await fixture.runtime.workloads.ensure(spec);
      assert.equal(result.outcome, "ready", JSON.stringify(result));
      return (result.outcome === "ready" ? result.workload.instances[0] : undefined) ?? assert.fail();
    };
    const untilWaiting = (): Promise<string> => eventually(() => fixture.runtime.spares.waiting[0], "a spare waits");

    for (const { what, args, env = {}, anew = false } of ways)
      test(`becomes ${what}, which sees nothing that another does not see`, async () => {
        const artifact = await storePythonImage(fixture.home, files(), args);
        const [ordinary, next] = [workload(artifact, kind, { env }), workload(artifact, kind, { env })];
        await fixture.runtime.spares.clear();
        const plain = await start(ordinary);
        const spare = await untilWaiting();
        const instance = await start(next);
        assert.equal(instance.instance, spare);
        const [one, other] = await Promise.all([plain, instance].map(async ({ address }) => JSON.parse(await get(address, "/"))));
        assert.deepEqual(other, { ...one, env: { ...one.env, SLIP_DEPLOYMENT: next.id, SLIP_INSTANCE: instance.instance } });
        const began = await Promise.all([plain, instance].map(async ({ address }) => (await get(address, "/command")).includes("wait.py")));
        assert.deepEqual(began, [false, !anew]);
        await Promise.all([ordinary, next].map(({ id }) => fixture.runtime.workloads.remove(id)));
      });

    const stateOf = ({ id: wanted }: WorkloadSpec): Instance | undefined => fixture.runtime.workloads.list().find(({ id }) => id === wanted)?.instances[0];
    const tell = async (address: string, path = "/") => JSON.parse(await get(address, path));

    test("is started from nothing after a crash, and is what it was", async () => {
      const artifact = await storePythonImage(fixture.home, { "main.py": telling }, ["python3", "main.py"]);
      const [before, of] = [workload(artifact, kind), workload(artifact, kind)];
      await start(before);
      await untilWaiting();
      const { address } = await start(of);
      const first = await tell(address, "/crash");
      await eventually(() => (stateOf(of)?.restarts === 1 && stateOf(of)?.state === "ready") || undefined, "it is back");
      assert.deepEqual(await tell(address), first);
      await Promise.all([before, of].map(({ id }) => fixture.runtime.workloads.remove(id)));
    });

    test("takes the place of one that was ended, at its address", async () => {
      const artifact = await storePythonImage(fixture.home, { "main.py": telling }, ["python3", "main.py"]);
      const of = workload(artifact, kind, { sleep: { afterMs: 100, stopMs: 0 } });
      const { address } = await start(of);
      const first = await tell(address);
      const spare = await untilWaiting();
      await eventually(() => {
        fixture.runtime.workloads.look();
        return stateOf(of)?.state === "stopped" || undefined;
      }, "it is ended");
      await fixture.runtime.workloads.wake(of.id);
      assert.deepEqual([stateOf(of)?.instance, stateOf(of)?.address], [spare, address]);
      assert.deepEqual(await tell(address), { ...first, env: { ...first.env, SLIP_INSTANCE: spare } });
      await fixture.runtime.workloads.remove(of.id);
    });
  });
