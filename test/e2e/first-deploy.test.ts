import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Installation, repository } from "./installation.ts";

describe("the first deploy", () => {
  const installation = new Installation();
  after(() => installation.end());

  it("starts the platform, makes the app live and prints one object", async () => {
    const result = await installation.deploy(join(repository, "examples/node-hello"));
    assert.equal(result.outcome, "live", JSON.stringify(result));
    assert.equal(result.app, "node-hello");
    assert.equal(result.release, 1);
    assert.match(result.artifact ?? "", /^sha256:[0-9a-f]{64}$/);
    const phases = result.phases.map((phase) => phase.name);
    for (const name of ["build", "start", "health", "switch", "prove"]) assert.ok(phases.includes(name), `${phases}`);
    await installation.readAddress();
    assert.equal(result.url, `https://node-hello.slip.localhost:${installation.httpsPort}`);
    const answer = await installation.request("node-hello");
    assert.equal(answer.status, 200);
    assert.ok(answer.body.length > 0);
  });

  it("says where it answers, and whom to trust", async () => {
    const { httpsPort, httpPort } = JSON.parse(await installation.expect(0, ["status", "--json"])) as Record<string, number>;
    assert.deepEqual([httpsPort, httpPort], [installation.httpsPort, installation.httpPort]);
    assert.equal(await installation.expect(0, ["trust", "--pem"]), installation.ca);
  });

  it("prints the address alone without --json", async () => {
    const printed = await installation.expect(0, ["deploy", join(repository, "examples/node-hello")]);
    assert.equal(printed, `https://node-hello.slip.localhost:${installation.httpsPort}\n`);
  });

  it("is there again after the platform was stopped and started", async () => {
    const before = await installation.request("node-hello");
    await installation.expect(0, ["down"]);
    await assert.rejects(installation.request("node-hello"));
    await installation.up();
    const answers = async (): Promise<boolean> => (await installation.request("node-hello")).body === before.body;
    for (let attempt = 0; attempt < 100 && !(await answers()); attempt += 1) await pause(100);
    assert.ok(await answers());
  });

  it("gives the same source the same artifact", async () => {
    const printed = await installation.expect(0, ["releases", "node-hello", "--json"]);
    const { releases } = JSON.parse(printed) as { releases: { artifact: string }[] };
    assert.equal(releases.length, 2);
    assert.equal(releases[0]?.artifact, releases[1]?.artifact);
  });
});
