import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Installation } from "./installation.ts";
import { newTree, nodeFiles } from "./sources.ts";

describe("deployments asked at once", () => {
  const installation = new Installation();
  before(() => installation.up());
  after(() => installation.end());

  it("of one app come one after the other; the newest is live, and those that it overtook say so", async () => {
    const sources = Array.from({ length: 8 }, (_, index) => newTree("busy", nodeFiles(`"version ${index}"`)));
    const results = await Promise.all(sources.map((source) => installation.deploy(source, ["--app", "busy"])));
    const { deployments } = JSON.parse(await installation.expect(0, ["deployments", "busy", "--json"])) as {
      deployments: { deployment: string; state: string; release?: number; failure?: { code: string }; createdAt: string; endedAt: string }[];
    };
    assert.equal(deployments.length, 8);
    const [newest] = deployments;
    assert.equal(newest?.state, "live");
    const index = results.findIndex(({ deployment }) => deployment === newest?.deployment);
    assert.equal((await installation.request("busy")).body, `version ${index}`);
    for (const each of deployments)
      assert.ok(each.state === "live" || (each.state === "cancelled" && each.failure?.code === "superseded"), JSON.stringify(each));
    const live = deployments.filter(({ state }) => state === "live").reverse();
    assert.deepEqual(
      live.map(({ release }) => release),
      live.map((_, position) => position + 1),
      "releases are numbered in the order of the deployments",
    );
    assert.deepEqual(
      live.map(({ endedAt }) => endedAt),
      live.map(({ endedAt }) => endedAt).toSorted((a, b) => a.localeCompare(b)),
    );
  });

  it("of several apps are all live", async () => {
    const names = Array.from({ length: 6 }, (_, index) => `app-${index}`);
    await Promise.all(names.map((name) => installation.deployLive(newTree(name, nodeFiles(JSON.stringify(name))))));
    for (const name of names) assert.equal((await installation.request(name)).body, name);
  });
});
