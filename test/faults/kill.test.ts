import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Installation } from "../e2e/installation.ts";
import { failuresOf, steadyLoad } from "../e2e/load.ts";
import { newTree, nodeFiles, writeTree } from "../e2e/sources.ts";
import { Processes } from "./processes.ts";

describe("kill -9 of each process under load", () => {
  const installation = new Installation();
  const source = newTree("steady", nodeFiles('"release 1"'));
  const processes = new Processes(installation.home);

  before(async () => {
    await installation.up();
    await installation.deployLive(source);
  });
  after(() => installation.end());

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
