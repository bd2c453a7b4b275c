// An app that scales by itself: more instances while there is more to do, and fewer again, without a failed request.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { LogLine } from "@slipstream/contract/logs.ts";
import { jointInstallation } from "./joint-installation.ts";
import { failuresOf, steadyLoad } from "./load.ts";
import { newTree } from "./sources.ts";

const app = "elastic";
/** Each request is under way for this long, whatever the machine does: 20 a second are 8 at the same time. */
const tookMs = 400;
const program = `const self = require("node:crypto").randomUUID();
require("node:http").createServer((request, response) => setTimeout(() => response.end(self), ${tookMs})).listen(process.env.PORT);
`;
const untilMs = 90_000;

describe("an app that scales by itself", () => {
  const installation = jointInstallation();
  const source = newTree(app, {
    "package.json": `{ "name": "${app}", "scripts": { "start": "node server.js" } }\n`,
    "server.js": program,
    "slip.toml": '[scale]\nmax = 3\nrequests = 3\ndown = "6s"\n',
  });
  const serving = async (): Promise<number> => {
    const { apps } = await installation.client().call("apps.list", {});
    return apps.find((it) => it.app === app)?.instances ?? 0;
  };
  const until = async (count: number): Promise<void> => {
    for (const end = performance.now() + untilMs; (await serving()) !== count; await pause(500))
      assert.ok(performance.now() < end, `${await serving()} instances serve, not ${count}`);
  };
  const said = async (): Promise<string[]> =>
    (await installation.expect(0, ["logs", app, "--platform", "--json", "--grep", "scales from"]))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => LogLine.parse(JSON.parse(line)).text);
  before(async () => {
    await installation.up();
    await installation.deployLive(source);
  });
  after(() => installation.end());

  it("has as many as the requests need, a new release as well, and fewer again, without a failed request", async () => {
    assert.equal(await serving(), 1);
    const heavy = steadyLoad(installation, app, { perSecond: 20 });
    await until(3);
    await installation.deployLive(source);
    assert.equal(await serving(), 3, "the new release begins with as many");
    const light = steadyLoad(installation, app, { perSecond: 2 });
    assert.deepEqual(failuresOf(await heavy.stop()), []);
    await until(1);
    assert.deepEqual(failuresOf(await light.stop()), []);
    const lines = await said();
    assert.match(lines.at(0) ?? "", /^scales from 1 to 3: \d+\.\d requests under way, \d\.\d\d cores of work$/);
    assert.match(lines.at(-1) ?? "", /^scales from \d to 1: /);
    assert.ok(lines.length <= 4, lines.join("\n"));
  });
});
