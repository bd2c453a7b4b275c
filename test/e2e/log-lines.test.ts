import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { LogLine } from "@slipstream/contract/logs.ts";
import { jointInstallation } from "./joint-installation.ts";
import { newTree, nodeFiles, nodeProgram, writeTree } from "./sources.ts";

const execute = promisify(execFile);
const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"];
const git = async (folder: string, ...args: string[]): Promise<string> => (await execute("git", [...identity, ...args], { cwd: folder })).stdout.trim();

const files = (word: string): Record<string, string> => ({
  ...nodeFiles("1"),
  "server.js": `console.log("${word} started");\n${nodeProgram(`(console.error("${word} asked"), "${word}")`)}`,
  "slip.toml": `[build]\ncommand = "echo building ${word}"\n`,
});

const tags = ["time", "source", "stream", "tenant", "project", "app", "deployment", "commit", "instance", "text"];

describe("lines of a git deployment", () => {
  const installation = jointInstallation();
  const work = newTree("talker", files("one"));
  const commits: string[] = [];
  const release = async (word: string): Promise<string> => {
    writeTree(work, files(word));
    await git(work, "add", "--all");
    await git(work, "commit", "--quiet", "--message", word);
    commits.push(await git(work, "rev-parse", "HEAD"));
    const { deployment } = await installation.deployLive(`file://${work}#main`, ["--app", "talker"]);
    await installation.request("talker");
    await pause(500);
    return deployment ?? "";
  };
  const objects = async (...args: string[]): Promise<LogLine[]> =>
    (await installation.expect(0, ["logs", "talker", "--json", ...args]))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  before(async () => {
    await installation.up();
    await git(work, "init", "--quiet");
  });
  after(() => installation.end());

  it("have the commit and every other tag, whatever they come from, and are found by each of them", async () => {
    const first = await release("one");
    const between = new Date().toISOString();
    const interrupt = new AbortController();
    const following = installation.slip(["logs", "talker", "-f", "--json", "--since", between], { interrupt: interrupt.signal });
    await pause(700);
    const second = await release("two");
    interrupt.abort();
    const { stdout } = await following;

    const all = await objects("--build", "--runtime", "--edge", "--platform");
    for (const line of all) {
      assert.deepEqual(Object.keys(line), tags);
      LogLine.parse(line);
      assert.equal(line.commit, line.deployment === first ? commits[0] : commits[1], JSON.stringify(line));
      if (line.source === "runtime") assert.match(line.instance, /^ins_/);
    }
    assert.deepEqual(new Set(all.map(({ source }) => source)), new Set(["build", "runtime", "edge", "platform"]));
    const texts = async (...args: string[]): Promise<string[]> => (await objects(...args)).map(({ text }) => text);
    assert.deepEqual(new Set((await objects("--deployment", second)).map(({ deployment }) => deployment)), new Set([second]));
    assert.ok((await texts("--since", between)).every((text) => !text.includes("one started")));
    assert.ok((await texts("--since", between)).includes("two started"));
    assert.deepEqual(new Set(await texts("--grep", "started")), new Set(["one started", "two started"]));
    assert.ok((await texts("--build", "--deployment", first)).some((text) => text.includes("building one")));
    assert.ok((await texts("--platform", "--deployment", first)).some((text) => text.includes("live as release 1")));
    assert.match(stdout, /two started/);
    assert.match(stdout, /two asked/);
    assert.doesNotMatch(stdout, /one started/);
  });
});
