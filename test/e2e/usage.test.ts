import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Installation } from "./installation.ts";
import { newTree, nodeFiles } from "./sources.ts";

describe("wrong use", () => {
  const installation = new Installation();
  before(() => installation.up());
  after(() => installation.end());

  const wrong: [string, string[]][] = [
    ["an unknown command", ["frobnicate"]],
    ["an unknown flag", ["apps", "--frob"]],
    ["an app that there is not", ["logs", "no-such-app"]],
    ["an app name that cannot be", ["scale", "../etc", "2"]],
    ["a name made of a command", ["destroy", "$(reboot)", "--yes"]],
    ["a name of 300 characters", ["restart", "a".repeat(300)]],
    ["a number that is none", ["scale", "shop", "many"]],
    ["a missing argument", ["deploy"]],
    ["a deployment that there is not", ["cancel", "dep_00000000000000000000000000"]],
    ["a source that looks like a flag", ["deploy", "--upload-pack=touch /tmp/x"]],
  ];
  for (const [name, args] of wrong)
    it(`ends with 2 and one sentence: ${name}`, async () => {
      const ran = await installation.slip(args);
      assert.equal(ran.code, 2, ran.stderr);
      assert.equal(ran.stdout, "");
      assert.match(ran.stderr, /\S/);
      assert.doesNotMatch(ran.stderr, /\n\s+at /, "no stack trace");
    });

  it("refuses a wrong token", async () => {
    const ran = await installation.slip(["apps"], { env: { SLIP_TOKEN: "slip_wrong" } });
    assert.equal(ran.code, 2, ran.stderr);
    assert.match(ran.stderr, /token/);
  });

  it("ends with 4 where the platform cannot be reached", async () => {
    const ran = await installation.slip(["apps"], { env: { SLIP_HOME: `${installation.userHome}/nothing-here` } });
    assert.equal(ran.code, 4, ran.stderr);
    assert.match(ran.stderr, /slip up/);
  });

  it("refuses a second installation on the same ports, and says which", async () => {
    const second = new Installation();
    try {
      const ran = await second.slip(["up"], { env: { SLIP_HTTPS_PORT: String(installation.httpsPort) } });
      assert.equal(ran.code, 2, ran.stderr);
      assert.match(ran.stderr, new RegExp(String(installation.httpsPort)));
    } finally {
      await second.end();
    }
  });

  it("ends with 3 when a deployment is cancelled, and leaves nothing", async () => {
    const source = newTree("slow", { ...nodeFiles("1"), "server.js": "setInterval(() => {}, 1000);\n" });
    const deploying = installation.slip(["deploy", source, "--json"]);
    let id: string | undefined;
    for (let attempt = 0; attempt < 100 && id === undefined; attempt += 1) {
      const listed = await installation.slip(["deployments", "slow", "--json"]);
      if (listed.code === 0) id = (JSON.parse(listed.stdout) as { deployments: { deployment: string }[] }).deployments[0]?.deployment;
    }
    assert.ok(id, "the deployment is listed");
    await installation.expect(0, ["cancel", id]);
    const ran = await deploying;
    assert.equal(ran.code, 3, ran.stderr);
    assert.equal((JSON.parse(ran.stdout) as { outcome: string }).outcome, "cancelled");
    const status = JSON.parse(await installation.expect(0, ["status", "--json"])) as { host?: { workloads: unknown[] } };
    assert.deepEqual(status.host?.workloads, []);
  });
});
