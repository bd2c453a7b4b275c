// Processes that stand still, and stores that are started again or lose what they kept: apps go on being served, a deployment that
// is under way ends live, and nobody has to do anything.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { Installation } from "../e2e/installation.ts";
import { failuresOf, steadyLoad } from "../e2e/load.ts";
import { newTree, nodeFiles, writeTree } from "../e2e/sources.ts";
import { whole } from "../size.ts";

const State = z.object({ processes: z.array(z.object({ name: z.string(), pid: z.number().nullish(), state: z.string() })) });
const stoppedMs = whole ? 30_000 : 2_000;
const names = whole ? ["control", "host", "restate", "postgres", "supervisor"] : ["host"];

describe("what stands still or is started again", () => {
  const installation = new Installation();
  const source = newTree("steady", nodeFiles('"release 1"'));
  const processes = async () => State.parse(JSON.parse(await installation.expect(0, ["status", "--json"]))).processes;
  const pidOf = async (name: string): Promise<number> => {
    const pid = (await processes()).find((each) => each.name === name)?.pid;
    assert.ok(pid, `there is a process ${name}`);
    return pid;
  };
  /** Deploys under load, does `act` when the deployment is under way, and gives the requests that failed. */
  const deployWhile = async (text: string, act: () => Promise<void>): Promise<string[]> => {
    const load = steadyLoad(installation, "steady", { perSecond: 20 });
    writeTree(source, { ...nodeFiles(JSON.stringify(text)), "slip.toml": '[run]\nrelease_command = "sleep 2"\n' });
    await Promise.all([installation.deployLive(source), pause(800).then(act)]);
    const failed = failuresOf(await load.stop());
    assert.equal((await installation.request("steady")).body, text);
    return failed;
  };

  before(async () => {
    await installation.up();
    await installation.deployLive(source);
  });
  after(() => installation.end());

  for (const name of names)
    it(`${name}, stopped for ${stoppedMs / 1_000} s: no request fails, and the deployment under way ends live`, async () => {
      const pid = await pidOf(name);
      const failed = await deployWhile(`past a stopped ${name}`, async () => {
        process.kill(pid, "SIGSTOP");
        await pause(stoppedMs);
        process.kill(pid, "SIGCONT");
      });
      assert.deepEqual(failed, []);
    });

  it("an edge process that is stopped is replaced, and the others carry on meanwhile", async () => {
    const edges = (await processes()).filter(({ name }) => name.startsWith("edge-"));
    assert.ok(edges.length > 1);
    const [{ name, pid } = { name: "", pid: 0 }] = edges;
    assert.ok(pid);
    process.kill(pid, "SIGSTOP");
    const asked = Array.from({ length: 40 }, () => installation.request("steady", "/", { timeout: 20_000, agent: false }).then(() => true));
    const answers = await Promise.allSettled(asked);
    assert.ok(answers.filter(({ status }) => status === "fulfilled").length > 5, "some of forty connections reach another edge");
    for (let attempt = 0; (await pidOf(name)) === pid; attempt += 1) {
      assert.ok(attempt < 100, `${name} was not replaced`);
      await pause(200);
    }
    for (let count = 0; count < 20; count += 1) assert.equal((await installation.request("steady", "/", { agent: false })).status, 200);
  });

  const restarts = [
    ["SIGINT", "cuts its clients off"],
    ["SIGTERM", "waits for its clients"],
  ] as const;
  for (const [signal, how] of restarts.slice(0, whole ? 2 : 1))
    it(`postgres, started again (it ${how}): no request fails, and the deployment under way ends live`, async () => {
      const failed = await deployWhile(`past ${signal}`, async () => void process.kill(await pidOf("postgres"), signal));
      assert.deepEqual(failed, []);
    });

  it("Restate, with all that it kept deleted: no request fails, and the deployment under way ends live", { skip: !whole }, async () => {
    const failed = await deployWhile("past an empty Restate", async () => {
      const pid = await pidOf("restate");
      process.kill(pid, "SIGKILL");
      rmSync(join(installation.home, "restate", "slip"), { recursive: true, force: true });
    });
    assert.deepEqual(failed, []);
    assert.deepEqual(await deployWhile("after an empty Restate", async () => undefined), []);
  });
});
