// Programs that were ended and are asked for again, known to be healthy once they listen: who asks is the first that they answer.
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { WorkloadSpec } from "@slipstream/contract/ports/host.ts";
import type { Instance } from "../instances/instance.ts";
import { countingProgram } from "../testing/counting-program.ts";
import { eventually, get, needsRoot, type RuntimeFixture, runtimeFixture, workload } from "../testing/runtime-fixture.ts";
import { storeImage } from "../testing/trial-image.ts";

/** Long: what is late on a busy machine is no answer of the program's. */
const health = { timeoutMs: 10_000, startMs: 60_000 };

describe("a program that is woken", { skip: needsRoot }, () => {
  let fixture: RuntimeFixture;
  let artifact = "";
  before(async () => {
    fixture = await runtimeFixture({ ahead: 0 });
    artifact = await storeImage(fixture.home, countingProgram);
  });
  after(() => fixture.close());

  const instanceOf = ({ id }: WorkloadSpec): Instance =>
    fixture.runtime.workloads.present.find(({ place }) => place.workload === id) ?? assert.fail("it has no instance");
  const asked = async (spec: WorkloadSpec): Promise<number> => Number(await get(instanceOf(spec).view.address, "/"));
  const wake = ({ id }: WorkloadSpec): Promise<void> => fixture.runtime.workloads.wake(id);

  const ended = async (more: Partial<WorkloadSpec> = {}): Promise<WorkloadSpec> => {
    const spec = workload(artifact, "runc", { sleep: { afterMs: 2_000, stopMs: 0 }, health, ...more });
    assert.equal((await fixture.runtime.workloads.ensure(spec)).outcome, "ready");
    await eventually(() => {
      fixture.runtime.workloads.look();
      return instanceOf(spec).view.state === "stopped" || undefined;
    }, "it is ended");
    return spec;
  };

  test("answers who has woken it first, and the host after that, also where the next host process wakes it", async () => {
    const spec = await ended();
    await fixture.succeed();
    await wake(spec);
    assert.equal(await asked(spec), 1);
    let own = 1;
    await eventually(async () => {
      own += 1;
      return (await asked(spec)) > own || undefined;
    }, "the host has asked, too");
    await fixture.runtime.workloads.remove(spec.id);
  });

  test("is asked by the host before, where it was not healthy at first when it was started", async () => {
    const spec = await ended({ env: { ILL: "3" } });
    await wake(spec);
    assert.equal(await asked(spec), 4);
    await fixture.runtime.workloads.remove(spec.id);
  });

  test("is asked by the host before, where a path of its own says whether it is ready", async () => {
    const spec = await ended({ health: { ...health, path: "/ready" } });
    await wake(spec);
    assert.equal(await asked(spec), 2);
    await fixture.runtime.workloads.remove(spec.id);
  });

  test("is ended where it listens and does not become healthy any more", async () => {
    const spec = await ended({ health: { timeoutMs: 1_000, startMs: 500 } });
    const [app] = instanceOf(spec)
      .layers.map((layer) => join(layer, "app"))
      .filter((folder) => existsSync(join(folder, "server.js")));
    const ill = join(app ?? assert.fail("no layer holds its program"), "ill");
    writeFileSync(ill, "");
    await wake(spec);
    await eventually(() => fixture.lines.find(({ text }) => text.startsWith("The program did not become healthy again")), "it is ended");
    await fixture.runtime.workloads.remove(spec.id);
  });
});
