import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { Installation } from "./installation.ts";
import { newTree, nodeProgram, writeTree } from "./sources.ts";

const value = 'sup3r-s3cret/value+with "quotes"';
const shapes = [value, Buffer.from(value).toString("base64").slice(0, -3), encodeURIComponent(value)];

const buildValue = "only-while-it-is-built-7Qx";

const opened = (blob: Buffer): Buffer => (blob[0] === 0x1f && blob[1] === 0x8b ? gunzipSync(blob) : blob);

/** "PATH:TEXT" for each of the texts in a file of an installation on disk, all found in one pass. Some files go while they are looked for, which grep calls an error. */
const onDisk = ({ home }: Installation, texts: readonly string[]): string[] => {
  const patterns = texts.flatMap((text) => ["-e", text]);
  const search = ["grep", "--text", "--fixed-strings", "--only-matching", "--with-filename", "--no-messages", ...patterns, "{}", "+"];
  const { stdout, stderr } = spawnSync("find", [home, "-path", join(home, "run"), "-prune", "-o", "-type", "f", "-exec", ...search], { encoding: "utf8" });
  assert.equal(stderr.replaceAll(/^find: .*No such file or directory$/gm, "").trim(), "");
  return stdout.split("\n").filter((line) => line !== "");
};

const installation = new Installation();
before(() => installation.up());
after(() => installation.end());

describe("secrets", () => {
  const source = newTree("keeper", {
    "package.json": '{ "name": "keeper", "scripts": { "build": "node build.js", "start": "node server.js" } }\n',
    "slip.toml": '[build]\nsecrets = ["TOKEN"]\n',
    "build.js": 'console.log("building with", process.env.TOKEN, Buffer.from(process.env.TOKEN ?? "").toString("base64"));\n',
    "server.js": `console.log("serving with", process.env.TOKEN, encodeURIComponent(process.env.TOKEN ?? ""));\n${nodeProgram("process.env.TOKEN")}`,
  });

  it("reach the build and the program, and nothing on disk", async () => {
    await installation.expect(0, ["apps", "create", "keeper"]);
    await installation.expect(0, ["secrets", "set", "keeper", `TOKEN=${value}`]);
    await installation.deployLive(source);
    assert.equal((await installation.request("keeper")).body, value);
    await pause(500);
    const logs = await installation.expect(0, ["logs", "keeper", "--build", "--runtime"]);
    assert.match(logs, /building with \[redacted\]/);
    assert.match(logs, /serving with \[redacted\]/);
    const redacted = "building with [redacted]";
    const found = onDisk(installation, [redacted, ...shapes]);
    assert.ok(
      found.some((line) => line.endsWith(`:${redacted}`)),
      "what is on disk is found",
    );
    assert.deepEqual(
      found.filter((line) => !line.endsWith(`:${redacted}`)),
      [],
    );
  });

  it("are not in the report of a program or build that prints them and fails", async () => {
    const failing = { "server.js": "console.error('dying with', process.env.TOKEN); process.exit(1);\n", "build.js": "" };
    writeTree(source, failing);
    const exited = await installation.deploy(source);
    assert.equal(exited.failure?.code, "exited");
    assert.match(JSON.stringify(exited), /dying with \[redacted\]/);
    writeTree(source, { "build.js": "console.error('failing with', process.env.TOKEN); process.exit(1);\n" });
    const failed = await installation.deploy(source);
    assert.equal(failed.failure?.code, "build_failed");
    assert.match(JSON.stringify(failed), /failing with \[redacted\]/);
    assert.deepEqual(onDisk(installation, ["sup3r-s3cret"]), []);
  });

  it("are listed by name and version alone", async () => {
    const listed = await installation.expect(0, ["secrets", "list", "keeper", "--json"]);
    assert.match(listed, /"TOKEN"/);
    assert.ok(!listed.includes("s3cret"));
  });

  it("make a new release when they change", async () => {
    await installation.expect(0, ["secrets", "set", "keeper", "TOKEN=another-value"]);
    assert.equal((await installation.request("keeper")).body, "another-value");
    await installation.expect(0, ["rollback", "keeper"]);
    assert.equal((await installation.request("keeper")).body, value, "a release goes back with its secrets");
    await installation.expect(0, ["env", "set", "keeper", "COLOUR=red"]);
    assert.equal((await installation.request("keeper")).body, value, "and so do the settings of the next release");
  });
});

describe("a secret of the build alone", () => {
  const source = newTree("maker", {
    "package.json": '{ "name": "maker", "scripts": { "build": "node build.js", "start": "node server.js" } }\n',
    "slip.toml": '[build]\nsecrets = ["NPM_TOKEN"]\n',
    "build.js": `const fs = require("node:fs"), file = fs.readFileSync("/run/secrets/NPM_TOKEN", "utf8");
fs.writeFileSync("seen.json", JSON.stringify({ variable: process.env.NPM_TOKEN === ${JSON.stringify(buildValue.slice(0, 5))} + ${JSON.stringify(buildValue.slice(5))}, file: file === process.env.NPM_TOKEN }));
console.log("the token is", file);\n`,
    "server.js": nodeProgram('require("node:fs").readFileSync("seen.json")'),
  });

  it("is a variable and a file there, and in no layer, no configuration of the image and no line", async () => {
    await installation.expect(0, ["apps", "create", "maker"]);
    const refused = await installation.deploy(source);
    assert.match(refused.failure?.summary ?? "", /NPM_TOKEN/);
    await installation.expect(0, ["secrets", "set", "maker", `NPM_TOKEN=${buildValue}`]);
    await installation.deployLive(source);
    assert.deepEqual(JSON.parse((await installation.request("maker")).body), { variable: true, file: true });
    assert.match(await installation.expect(0, ["logs", "maker", "--build"]), /the token is \[redacted\]/);

    const blobs = join(installation.home, "oci/blobs/sha256");
    const contents = readdirSync(blobs).map((name) => opened(readFileSync(join(blobs, name))));
    assert.ok(
      contents.some((content) => content.includes("app/seen.json")),
      "layers can be looked into",
    );
    for (const content of contents) assert.ok(!content.includes(buildValue));
    assert.deepEqual(onDisk(installation, [buildValue]), []);
  });
});
