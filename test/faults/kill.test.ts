import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { Installation } from "../e2e/installation.ts";
import { failuresOf, steadyLoad } from "../e2e/load.ts";
import { newTree, nodeFiles, writeTree } from "../e2e/sources.ts";

const Processes = z.object({ processes: z.array(z.object({ name: z.string(), pid: z.number().nullish(), state: z.string() })) });

describe("kill -9 of each process under load", () => {
  const installation = new Installation();
  const source = newTree("steady", nodeFiles('"release 1"'));
  const processes = async (): Promise<z.infer<typeof Processes>["processes"]> =>
    Processes.parse(JSON.parse(await installation.expect(0, ["status", "--json"]))).processes;
  const pidOf = async (name: string): Promise<number> => {
    const found = (await processes()).find((each) => each.name === name);
    assert.ok(found?.pid, `there is a process ${name}`);
    return found.pid;
  };
  /** Waits until another process has taken the place of `pid`. */
  const returned = async (name: string, pid: number): Promise<void> => {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const ran = await installation.slip(["status", "--json"]);
      const listed = ran.code === 0 ? Processes.safeParse(JSON.parse(ran.stdout)).data?.processes.find((each) => each.name === name) : undefined;
      if (listed?.pid && listed.pid !== pid && listed.state === "running") return;
      await pause(200);
    }
    assert.fail(`${name} did not come back`);
  };

  before(async () => {
    await installation.up();
    await installation.deployLive(source);
  });
  after(() => installation.end());

  for (const name of ["control", "host", "restate", "postgres", "supervisor"])
    it(`${name}: no request fails, it comes back, and the next deployment is live`, async () => {
      const load = steadyLoad(installation, "steady", { perSecond: 40 });
      const pid = await pidOf(name);
      process.kill(pid, "SIGKILL");
      await returned(name, pid);
      assert.deepEqual(failuresOf(await load.stop()), []);
      writeTree(source, nodeFiles(`"after ${name}"`));
      await installation.deployLive(source);
      assert.equal((await installation.request("steady")).body, `after ${name}`);
    });

  it("edge: it comes back with the same routes", async () => {
    const edges = (await processes()).filter((each) => each.name.startsWith("edge"));
    for (const { name } of edges) {
      const pid = await pidOf(name);
      process.kill(pid, "SIGKILL");
      await returned(name, pid);
    }
    assert.equal((await installation.request("steady")).status, 200);
  });

  for (const name of ["control", "host", "restate", "postgres"])
    it(`a deployment that is under way when ${name} is killed ends live`, async () => {
      writeTree(source, { ...nodeFiles(`"over ${name}"`), "slip.toml": '[run]\nrelease_command = "sleep 2"\n' });
      const killing = pause(1_000).then(async () => process.kill(await pidOf(name), "SIGKILL"));
      await Promise.all([installation.deployLive(source), killing]);
      assert.equal((await installation.request("steady")).body, `over ${name}`);
    });
});
