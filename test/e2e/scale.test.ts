// Another number of instances, of an app that takes longer to start than control lets pass between two looks at the host.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { LogLine } from "@slipstream/contract/logs.ts";
import { jointInstallation } from "./joint-installation.ts";
import { failuresOf, steadyLoad } from "./load.ts";
import { newTree, nodeProgram } from "./sources.ts";

const startMs = 7_000;
const program = `const self = require("node:crypto").randomUUID();\nconsole.log("started");\nsetTimeout(() => { ${nodeProgram("self")} }, ${startMs});\n`;

describe("scale of an app that starts slowly", () => {
  const installation = jointInstallation();
  const source = newTree("slow", { "package.json": '{ "name": "slow", "scripts": { "start": "node server.js" } }\n', "server.js": program });
  /** Instances that were ever started. */
  const started = async (): Promise<number> => {
    const lines = (await installation.expect(0, ["logs", "slow", "--json", "--grep", "started"])).split("\n").filter((line) => line !== "");
    return new Set(lines.map((line) => LogLine.parse(JSON.parse(line)).instance)).size;
  };
  /** Who answers 40 requests. */
  const answering = async (): Promise<number> => {
    const load = steadyLoad(installation, "slow");
    await new Promise((resolve) => setTimeout(resolve, 800));
    return new Set((await load.stop()).map(({ body }) => body)).size;
  };
  before(async () => {
    await installation.up();
    await installation.deployLive(source);
  });
  after(() => installation.end());

  it("keeps what is being started, without a failed request", async () => {
    const load = steadyLoad(installation, "slow");
    await installation.expect(0, ["scale", "slow", "3"]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.deepEqual(failuresOf(await load.stop()), []);
    assert.equal(await started(), 3);
    assert.equal(await answering(), 3);
  });

  it("gives as many as were asked for last, while others are on their way out", async () => {
    await installation.expect(0, ["scale", "slow", "1"]);
    await installation.expect(0, ["scale", "slow", "2"]);
    assert.equal(await answering(), 2);
    assert.equal(await started(), 3, "those that were there serve again");
  });
});
