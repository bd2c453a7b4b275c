import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { jointInstallation } from "./joint-installation.ts";
import { failuresOf, steadyLoad } from "./load.ts";
import { newTree, nodeProgram, writeTree } from "./sources.ts";

const sandboxes = ["runc", "gvisor"] as const;

for (const sandbox of sandboxes)
  describe(`releases under load, ${sandbox}`, () => {
    const installation = jointInstallation();
    const app = `load-${sandbox}`;
    const source = newTree(app, {
      "package.json": '{ "name": "load", "scripts": { "start": "node server.js" } }\n',
      "server.js": nodeProgram('"one"'),
    });
    before(() => installation.up());
    after(() => installation.end());

    it("changes and rolls back without a failed request, each answer of one release", async () => {
      await installation.deployLive(source, ["--sandbox", sandbox]);
      const load = steadyLoad(installation, app, { perSecond: 60 });
      await pause(500);
      writeTree(source, { "server.js": nodeProgram('"two"') });
      await installation.deployLive(source, ["--sandbox", sandbox]);
      const changedAt = performance.now();
      await pause(500);
      const rolledBack = await installation.expect(0, ["rollback", app, "--json"]);
      const rolledBackAt = performance.now();
      await pause(500);
      const samples = await load.stop();

      assert.deepEqual(failuresOf(samples), []);
      assert.equal((JSON.parse(rolledBack) as { outcome: string }).outcome, "live");
      const bodies = samples.map((sample) => sample.body);
      assert.deepEqual([...new Set(bodies)], ["one", "two"]);
      const bodiesBetween = (from: number, to: number): Set<string> =>
        new Set(samples.filter((sample) => sample.atMs > from && sample.atMs + sample.tookMs < to).map((sample) => sample.body));
      assert.deepEqual([...bodiesBetween(rolledBackAt, Number.POSITIVE_INFINITY)], ["one"]);
      assert.ok(bodiesBetween(changedAt, changedAt + 400).has("two"));
    });

    it("rolls forward to a numbered release", async () => {
      await installation.expect(0, ["rollback", app, "--to", "2"]);
      assert.equal((await installation.request(app)).body, "two");
    });

    it("knows no release that never was", async () => {
      const ran = await installation.slip(["rollback", app, "--to", "99"]);
      assert.equal(ran.code, 2, ran.stderr);
      assert.equal((await installation.request(app)).body, "two");
    });
  });
