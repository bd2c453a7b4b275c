// The public sockets outlive whoever serves them: clients, each with a connection of its own, are not turned away by any kill. Only what
// a killed edge had accepted already may be cut off.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Installation } from "../e2e/installation.ts";
import { failuresOf, type Sample, steadyLoad } from "../e2e/load.ts";
import { newTree, nodeFiles, writeTree } from "../e2e/sources.ts";
import { whole } from "../size.ts";
import { Processes } from "./processes.ts";

const kills = whole ? 12 : 6;
const betweenMs = 400;
/** A process that was sent SIGKILL is gone after so long. */
const goneMs = 100;

/** Failures of requests that no killed process can have accepted: those that were not under way when one was killed. Pure. */
const turnedAway = (samples: readonly Sample[], killedAt: readonly number[]): string[] =>
  failuresOf(
    samples.filter(({ atMs, tookMs, failure }) => failure?.includes("REFUSED") || !killedAt.some((kill) => atMs < kill + goneMs && atMs + tookMs > kill)),
  );

describe("kill -9 of those who hold the public sockets, under clients that connect anew each time", () => {
  const installation = new Installation();
  const source = newTree("steady", nodeFiles('"release 1"'));
  const processes = new Processes(installation.home);
  const clients = () => steadyLoad(installation, "steady", { perSecond: 40, keepAlive: false });

  before(async () => {
    await installation.up();
    await installation.deployLive(source);
  });
  after(() => installation.end());

  it(`one edge after the other, ${kills} times: nobody is turned away`, async () => {
    const load = clients();
    const names = processes.edges();
    const killedAt: number[] = [];
    for (let count = 0; count < kills; count += 1) {
      const name = names[count % names.length] ?? "";
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
