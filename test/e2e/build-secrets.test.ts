import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { Installation } from "./installation.ts";
import { newTree, nodeProgram } from "./sources.ts";

const value = "only-while-it-is-built-7Qx";

const opened = (blob: Buffer): Buffer => (blob[0] === 0x1f && blob[1] === 0x8b ? gunzipSync(blob) : blob);

describe("a secret of the build alone", () => {
  const installation = new Installation();
  const source = newTree("maker", {
    "package.json": '{ "name": "maker", "scripts": { "build": "node build.js", "start": "node server.js" } }\n',
    "slip.toml": '[build]\nsecrets = ["NPM_TOKEN"]\n',
    "build.js": `const fs = require("node:fs"), file = fs.readFileSync("/run/secrets/NPM_TOKEN", "utf8");
fs.writeFileSync("seen.json", JSON.stringify({ variable: process.env.NPM_TOKEN === ${JSON.stringify(value.slice(0, 5))} + ${JSON.stringify(value.slice(5))}, file: file === process.env.NPM_TOKEN }));
console.log("the token is", file);\n`,
    "server.js": nodeProgram('require("node:fs").readFileSync("seen.json")'),
  });
  before(() => installation.up());
  after(() => installation.end());

  it("is a variable and a file there, and in no layer, no configuration of the image and no line", async () => {
    await installation.expect(0, ["apps", "create", "maker"]);
    const refused = await installation.deploy(source);
    assert.match(refused.failure?.summary ?? "", /NPM_TOKEN/);
    await installation.expect(0, ["secrets", "set", "maker", `NPM_TOKEN=${value}`]);
    await installation.deployLive(source);
    assert.deepEqual(JSON.parse((await installation.request("maker")).body), { variable: true, file: true });
    assert.match(await installation.expect(0, ["logs", "maker", "--build"]), /the token is \[redacted\]/);

    const blobs = join(installation.home, "oci/blobs/sha256");
    const contents = readdirSync(blobs).map((name) => opened(readFileSync(join(blobs, name))));
    assert.ok(
      contents.some((content) => content.includes("app/seen.json")),
      "layers can be looked into",
    );
    for (const content of contents) assert.ok(!content.includes(value));
    assert.throws(() => execFileSync("grep", ["-r", "-a", "-l", "-F", "-D", "skip", "-e", value, "--exclude-dir=run", installation.home]), { status: 1 });
  });
});
