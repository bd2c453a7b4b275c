// Processes that stand still, and stores that are started again or lose what they kept: apps go on being served, a deployment that
// is under way ends live, and nobody has to do anything.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Installation } from "../e2e/installation.ts";
import { failuresOf, steadyLoad } from "../e2e/load.ts";
import { newTree, nodeFiles, writeTree } from "../e2e/sources.ts";
import { whole } from "../size.ts";
import { Processes } from "./processes.ts";

const stoppedMs = whole ? 30_000 : 2_000;
/** A process that was sent SIGSTOP accepts nothing more after so long. */
const standsStillMs = 100;
const names = whole ? ["control", "host", "restate", "postgres", "supervisor"] : ["host"];

describe("what stands still or is started again", () => {
  const installation = new Installation();
  const source = newTree("steady", nodeFiles('"release 1"'));
  const processes = new Processes(installation.home);
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
      const pid = processes.pidOf(name);
      const failed = await deployWhile(`past a stopped ${name}`, async () => {
        process.kill(pid, "SIGSTOP");
        await pause(stoppedMs);
        process.kill(pid, "SIGCONT");
      });
      assert.deepEqual(failed, []);
    });

  it("an edge process that is stopped is replaced, and the others answer every new connection meanwhile", async () => {
    const [name = "", another] = processes.edges();
    assert.ok(another);
    const pid = processes.pidOf(name);
    process.kill(pid, "SIGSTOP");
    await pause(standsStillMs);
    const asked = Array.from({ length: 40 }, () => installation.request("steady", "/", { timeout: 20_000, agent: false }));
    assert.deepEqual(new Set((await Promise.all(asked)).map(({ status }) => status)), new Set([200]));
    await processes.returned(name, pid);
    for (let count = 0; count < 20; count += 1) assert.equal((await installation.request("steady", "/", { agent: false })).status, 200);
  });

  const restarts = [
    ["SIGINT", "cuts its clients off"],
    ["SIGTERM", "waits for its clients"],
  ] as const;
  for (const [signal, how] of restarts.slice(0, whole ? 2 : 1))
    it(`postgres, started again (it ${how}): no request fails, and the deployment under way ends live`, async () => {
      const failed = await deployWhile(`past ${signal}`, async () => void process.kill(processes.pidOf("postgres"), signal));
      assert.deepEqual(failed, []);
    });

  it("Restate, with all that it kept deleted: no request fails, and the deployment under way ends live", { skip: !whole }, async () => {
    const failed = await deployWhile("past an empty Restate", async () => {
      const pid = processes.pidOf("restate");
      process.kill(pid, "SIGKILL");
      rmSync(join(installation.home, "restate", "slip"), { recursive: true, force: true });
    });
    assert.deepEqual(failed, []);
    assert.deepEqual(await deployWhile("after an empty Restate", async () => undefined), []);
  });
});
