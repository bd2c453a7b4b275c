// Instances that begin in a Python that waited, against the machine: they are what all others are.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Instance, WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import { needsPython, storePythonImage } from "../../testing/python-image.ts";
import { eventually, get, needsRoot, type RuntimeFixture, runtimeFixture, sandboxWays, workload } from "../../testing/runtime-fixture.ts";
import { python } from "./python.ts";

const telling = readFileSync(join(import.meta.dirname, "../../testing/telling.py"), "utf8");
const program = `#!/app/.venv/bin/python\nimport runpy\n${telling}`;

const ways: readonly { what: string; args: readonly string[] }[] = [
  { what: "a script", args: ["python3", "main.py", "--now"] },
  { what: "a module", args: ["python3", "-m", "telling"] },
  { what: "a program of a package", args: ["serve", "app:app"] },
  { what: "a line of a shell", args: ["/bin/sh", "-c", `exec serve --bind "0.0.0.0:$PORT" 'app:app'`] },
  { what: "what only another start can be", args: ["python3", "-X", "utf8", "main.py"] },
];

for (const { by, kind, crun } of sandboxWays.filter((way) => python.kinds.includes(way.kind)))
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

    for (const { what, args } of ways)
      test(`becomes ${what}, which sees nothing that another does not see`, async () => {
        const files = { "main.py": telling, "telling.py": telling, ".venv/bin/serve": program };
        const artifact = await storePythonImage(fixture.home, files, args);
        const [ordinary, next] = [workload(artifact, kind), workload(artifact, kind)];
        const plain = await start(ordinary);
        const spare = await untilWaiting();
        const instance = await start(next);
        assert.equal(instance.instance, spare);
        const [one, other] = await Promise.all([plain, instance].map(async ({ address }) => JSON.parse(await get(address, "/"))));
        assert.deepEqual(other, { ...one, env: { ...one.env, SLIP_DEPLOYMENT: next.id, SLIP_INSTANCE: instance.instance } });
        await Promise.all([ordinary, next].map(({ id }) => fixture.runtime.workloads.remove(id)));
        await untilWaiting();
      });
  });
