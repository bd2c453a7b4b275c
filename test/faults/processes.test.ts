// Processes that are killed, stand still or are started again, and stores that lose what they kept: apps go on being served, a deployment
// that is under way ends live, and nobody has to do anything. One platform goes through all of it.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Installation } from "../e2e/installation.ts";
import { failuresOf, type Sample, steadyLoad } from "../e2e/load.ts";
import { newTree, nodeFiles, writeTree } from "../e2e/sources.ts";
import { whole } from "../size.ts";
import { Processes } from "./processes.ts";

const stoppedMs = whole ? 30_000 : 2_000;
/** A process that was sent SIGSTOP accepts nothing more after so long. */
const standsStillMs = 100;
const standing = whole ? ["control", "host", "restate", "postgres", "supervisor"] : ["host"];
const kills = whole ? 12 : 6;
const betweenMs = 400;
/** A process that was sent SIGKILL is gone after so long. */
const goneMs = 100;

/** Failures of requests that no killed process can have accepted: those that were not under way when one was killed. Pure. */
const turnedAway = (samples: readonly Sample[], killedAt: readonly number[]): string[] =>
  failuresOf(
    samples.filter(({ atMs, tookMs, failure }) => failure?.includes("REFUSED") || !killedAt.some((kill) => atMs < kill + goneMs && atMs + tookMs > kill)),
  );

const installation = new Installation();
const source = newTree("steady", nodeFiles('"release 1"'));
const processes = new Processes(installation.home);
before(async () => {
  await installation.up();
  await installation.deployLive(source);
});
after(() => installation.end());

// The public sockets outlive whoever serves them: clients, each with a connection of its own, are not turned away by any kill. Only what
// a killed edge had accepted already may be cut off.
describe("kill -9 of those who hold the public sockets, under clients that connect anew each time", () => {
  const clients = () => steadyLoad(installation, "steady", { perSecond: 40, keepAlive: false });

  it(`one edge after the other, ${kills} times: nobody is turned away`, async () => {
    const load = clients();
    const edges = processes.edges();
    const killedAt: number[] = [];
    for (let count = 0; count < kills; count += 1) {
      const name = edges[count % edges.length] ?? "";
      killedAt.push(performance.now());
      const back = processes.kill(name);
      await Promise.all([pause(betweenMs), back]);
    }
    const samples = await load.stop();
    assert.deepEqual(turnedAway(samples, killedAt), []);
    assert.ok(samples.length > kills * 10);
  });

  it("every edge at once: clients wait, and are answered", async () => {
    const load = clients();
    await pause(500);
    const killedAt = performance.now();
    await processes.kill(...processes.edges());
    assert.deepEqual(turnedAway(await load.stop(), [killedAt]), []);
  });

  it("the supervisor and every edge at once: clients wait, and are answered", async () => {
    const load = clients();
    const killedAt = performance.now();
    await processes.kill("supervisor", ...processes.edges());
    assert.deepEqual(turnedAway(await load.stop(), [killedAt]), []);
  });

  it("the supervisor and the host: no request fails, they come back by themselves, and the next deployment is live", async () => {
    const load = clients();
    await processes.kill("supervisor", "host");
    assert.deepEqual(failuresOf(await load.stop()), []);
    writeTree(source, nodeFiles('"release 2"'));
    await installation.deployLive(source);
    assert.equal((await installation.request("steady")).body, "release 2");
  });

  it("the keeper, and then the supervisor and the host again: another keeper has its place", { skip: !whole }, async () => {
    await processes.kill("keeper");
    const load = clients();
    await processes.kill("supervisor", "host");
    assert.deepEqual(failuresOf(await load.stop()), []);
  });
});

describe("kill -9 of each process under load", () => {
  for (const name of ["control", "host", "restate", "postgres", "supervisor"])
    it(`${name}: no request fails, it comes back, and the next deployment is live`, async () => {
      const load = steadyLoad(installation, "steady", { perSecond: 40 });
      await processes.kill(name);
      assert.deepEqual(failuresOf(await load.stop()), []);
      writeTree(source, nodeFiles(`"after ${name}"`));
      await installation.deployLive(source);
      assert.equal((await installation.request("steady")).body, `after ${name}`);
    });

  it("edge: it comes back with the same routes", async () => {
    for (const name of processes.edges()) await processes.kill(name);
    assert.equal((await installation.request("steady")).status, 200);
  });

  for (const name of ["control", "host", "restate", "postgres"])
    it(`a deployment that is under way when ${name} is killed ends live`, async () => {
      writeTree(source, { ...nodeFiles(`"over ${name}"`), "slip.toml": '[run]\nrelease_command = "sleep 2"\n' });
      const killing = pause(1_000).then(() => processes.kill(name));
      await Promise.all([installation.deployLive(source), killing]);
      assert.equal((await installation.request("steady")).body, `over ${name}`);
    });
});

describe("what stands still or is started again", () => {
  /** Deploys under load, does `act` when the deployment is under way, and gives the requests that failed. */
  const deployWhile = async (text: string, act: () => Promise<void>): Promise<string[]> => {
    const load = steadyLoad(installation, "steady", { perSecond: 20 });
    writeTree(source, { ...nodeFiles(JSON.stringify(text)), "slip.toml": '[run]\nrelease_command = "sleep 2"\n' });
    await Promise.all([installation.deployLive(source), pause(800).then(act)]);
    const failed = failuresOf(await load.stop());
    assert.equal((await installation.request("steady")).body, text);
    return failed;
  };

  for (const name of standing)
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
