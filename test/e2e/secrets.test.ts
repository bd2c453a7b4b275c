import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Installation } from "./installation.ts";
import { newTree, nodeProgram, writeTree } from "./sources.ts";

const value = 'sup3r-s3cret/value+with "quotes"';
const shapes = [value, Buffer.from(value).toString("base64").slice(0, -3), encodeURIComponent(value)];

/** Files of an installation on disk that hold `text`. Some go while they are looked for, which grep calls an error. */
const filesOnDisk = ({ home }: Installation, text: string): string[] => {
  const search = ["grep", "--text", "--fixed-strings", "--files-with-matches", "--no-messages", "-e", text, "{}", "+"];
  const { stdout, stderr } = spawnSync("find", [home, "-path", join(home, "run"), "-prune", "-o", "-type", "f", "-exec", ...search], { encoding: "utf8" });
  assert.equal(stderr.replaceAll(/^find: .*No such file or directory$/gm, "").trim(), "");
  return stdout.split("\n").filter((path) => path !== "");
};

describe("secrets", () => {
  const installation = new Installation();
  const source = newTree("keeper", {
    "package.json": '{ "name": "keeper", "scripts": { "build": "node build.js", "start": "node server.js" } }\n',
    "slip.toml": '[build]\nsecrets = ["TOKEN"]\n',
    "build.js": 'console.log("building with", process.env.TOKEN, Buffer.from(process.env.TOKEN ?? "").toString("base64"));\n',
    "server.js": `console.log("serving with", process.env.TOKEN, encodeURIComponent(process.env.TOKEN ?? ""));\n${nodeProgram("process.env.TOKEN")}`,
  });
  before(() => installation.up());
  after(() => installation.end());

  it("reach the build and the program, and nothing on disk", async () => {
    await installation.expect(0, ["apps", "create", "keeper"]);
    await installation.expect(0, ["secrets", "set", "keeper", `TOKEN=${value}`]);
    await installation.deployLive(source);
    assert.equal((await installation.request("keeper")).body, value);
    await pause(500);
    const logs = await installation.expect(0, ["logs", "keeper", "--build", "--runtime"]);
    assert.match(logs, /building with \[redacted\]/);
    assert.match(logs, /serving with \[redacted\]/);
    assert.notDeepEqual(filesOnDisk(installation, "building with [redacted]"), [], "what is on disk is found");
    for (const shape of shapes) assert.deepEqual(filesOnDisk(installation, shape), []);
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
    assert.deepEqual(filesOnDisk(installation, "sup3r-s3cret"), []);
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
