// Commands that run once in an artifact, against the machine.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { JobResult, JobSpec } from "@slipstream/contract/ports/host.ts";
import { newId } from "#platform/ids.ts";
import { eventually, needsRoot, type RuntimeFixture, runtimeFixture, workload } from "../testing/runtime-fixture.ts";
import { storeImage } from "../testing/trial-image.ts";

const never = new AbortController().signal;

describe("a command that somebody asked for", { skip: needsRoot }, () => {
  let fixture: RuntimeFixture;
  let artifact = "";
  before(async () => {
    fixture = await runtimeFixture();
    artifact = await storeImage(fixture.home, "");
  });
  after(() => fixture.close());

  const job = (code: string, more: Partial<JobSpec> = {}): JobSpec => ({
    id: newId("run"),
    workload: workload(artifact, "runc"),
    command: ["node", "-e", code],
    timeoutMs: 30_000,
    ...more,
  });
  const run = (spec: JobSpec): Promise<JobResult> => fixture.runtime.handlers.runJob(spec, never);
  const stop = (id: string) => fixture.runtime.handlers.cancelJob({ id }, never);
  const isLogged = (text: string): Promise<boolean> => eventually(() => fixture.lines.some((line) => line.text === text) || undefined, `"${text}" is logged`);

  test("has the release's variables, and its lines are told by stream, logged and without secrets", async () => {
    const spec = job("console.log(process.env.SLIP_APP, process.env.TOKEN); console.error('to the other'); process.exitCode = 3");
    const { lines, ...ended } = await run(spec);
    assert.deepEqual(ended, { exitCode: 3, timedOut: false, outOfMemory: false, cancelled: false, omitted: 0 });
    assert.deepEqual(new Set(lines.map(({ stream, text }) => `${stream} ${text}`)), new Set(["stdout shop [redacted]", "stderr to the other"]));
    const logged = fixture.lines.filter(({ instance }) => instance === spec.id).map(({ source, text }) => `${source} ${text}`);
    assert.deepEqual(new Set(logged), new Set(["runtime shop [redacted]", "runtime to the other"]));
  });

  test("is run once: asked again while it runs it is joined, and later its result is known", async () => {
    const spec = job("console.log(crypto.randomUUID())");
    const [first, joined] = await Promise.all([run(spec), run(spec)]);
    assert.deepEqual(joined, first);
    assert.deepEqual(await run(spec), first);
    await fixture.runtime.handlers.reconcile({ workloads: [] }, never);
    assert.deepEqual(await run(spec), first, "also after the host was told that no workload is wanted");
    await fixture.succeed();
    assert.deepEqual(await run(spec), first, "and by the next host process");
    assert.notDeepEqual((await run({ ...spec, id: newId("run") })).lines, first.lines);
  });

  test("that was ended is not begun again", async () => {
    const spec = job("console.log('begun'); setInterval(() => {}, 1000)");
    const running = run(spec);
    await isLogged("begun");
    await stop(spec.id);
    assert.partialDeepStrictEqual(await running, { cancelled: true });
    assert.partialDeepStrictEqual(await run(spec), { cancelled: true });
    assert.equal(fixture.lines.filter(({ instance }) => instance === spec.id).length, 1);
  });

  test("that ended with the host process is not begun again by the next one", async () => {
    const spec = job("console.log('begun by one'); setInterval(() => {}, 1000)");
    const running = run(spec);
    await isLogged("begun by one");
    await fixture.succeed();
    assert.partialDeepStrictEqual(await running, { cancelled: true });
    assert.partialDeepStrictEqual(await run(spec), { cancelled: true });
    const record = join(fixture.home.jobs, `${spec.id}.json`);
    const { result: _, ...unfinished } = JSON.parse(readFileSync(record, "utf8"));
    writeFileSync(record, JSON.stringify(unfinished));
    assert.partialDeepStrictEqual(await run(spec), { cancelled: true }, "also where nobody wrote down its end");
  });

  test("that was ended before it had begun may begin", async () => {
    const spec = job("console.log('once')");
    await stop(spec.id);
    assert.deepEqual((await run(spec)).lines, [{ stream: "stdout", text: "once" }]);
  });

  test("a release command is run anew once its workload is gone, and rejects when it is ended", async () => {
    const spec = job("console.log('of a release'); setInterval(() => {}, 1000)", { id: newId("dep") });
    const running = run(spec);
    const rejected = assert.rejects(running, (error) => (error as SlipError).code === "cancelled");
    await isLogged("of a release");
    await stop(spec.id);
    await rejected;
    const again = { ...spec, command: ["node", "-e", "console.log('anew')"] };
    assert.deepEqual((await run(again)).lines, [{ stream: "stdout", text: "anew" }]);
  });
});
