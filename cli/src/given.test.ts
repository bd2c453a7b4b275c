// The commands whose sources stand in the call, and the one that runs a command.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { OutputOf } from "@slipstream/contract/operations/registry.ts";
import { deploymentId, deploymentOf, liveDeployment } from "./testing/samples.ts";
import { type Ran, slip } from "./testing/slip.ts";
import { TinyPlatform } from "./testing/tiny-platform.ts";

const url = "https://shop.slip.localhost:8443\n";
const ranOf = (more: Partial<OutputOf<"apps.run">> = {}): OutputOf<"apps.run"> => ({
  run: `run_${"0".repeat(26)}`,
  app: "shop",
  release: 3,
  deployment: deploymentId,
  exitCode: 0,
  timedOut: false,
  outOfMemory: false,
  ms: 12,
  lines: [],
  omitted: 0,
  ...more,
});

describe("slip", () => {
  let platform: TinyPlatform;
  let folder: string;
  const run = (args: string[], input?: string): Promise<Ran> => slip(platform.home, args, { cwd: folder, ...(input === undefined ? {} : { input }) });
  beforeEach(async () => {
    platform = new TinyPlatform({
      "deployments.create": () => deploymentOf({}),
      "deployments.watch": async function* () {
        yield liveDeployment;
      },
    });
    await platform.start();
    folder = mkdtempSync(join(tmpdir(), "slip-given-"));
  });
  afterEach(async () => {
    await platform.end();
    rmSync(folder, { recursive: true });
  });

  it("snippet sends a file's code, and what the file's name says it is", async () => {
    writeFileSync(join(folder, "hello.py"), "print(1)");
    assert.deepEqual(await run(["snippet", "hello.py"]), { code: 0, stdout: url, stderr: "" });
    assert.deepEqual(platform.inputsOf("deployments.create"), [{ source: { kind: "snippet", code: "print(1)", language: "python" } }]);
  });

  it("snippet takes code on standard input, and prints as deploy does with --json", async () => {
    const ran = await run(["snippet", "-", "--app", "shop", "--json"], "<p>");
    assert.partialDeepStrictEqual(JSON.parse(ran.stdout), { app: "shop", outcome: "live", url: url.trim() });
    assert.deepEqual(platform.inputsOf("deployments.create"), [{ app: "shop", source: { kind: "snippet", code: "<p>" } }]);
  });

  it("snippet without code, of a file that is not there, or in a language that nobody knows, asks nothing", async () => {
    assert.equal((await run(["snippet", "-"], " \n")).code, 1);
    assert.equal((await run(["snippet", "none.js"])).code, 1);
    assert.equal((await run(["snippet", "-", "--language", "cobol"], "x")).code, 2);
    assert.deepEqual(platform.asked, []);
  });

  it("patch sends files alone, to lie over what is live", async () => {
    writeFileSync(join(folder, "server.js"), "new");
    writeFileSync(join(folder, "bytes"), Buffer.from([255, 0]));
    chmodSync(join(folder, "bytes"), 0o755);
    assert.equal((await run(["patch", "shop", "./server.js", "a/b=bytes", "c=-", "--remove", "d,e"], "typed")).stdout, url);
    const files = [
      { path: "server.js", text: "new" },
      { path: "a/b", base64: "/wA=", executable: true },
      { path: "c", text: "typed" },
    ];
    assert.deepEqual(platform.inputsOf("deployments.create"), [{ app: "shop", source: { kind: "files", files, base: "live", remove: ["d", "e"] } }]);
  });

  it("patch lays them over a deployment that is named, and refuses what is no path in a source", async () => {
    writeFileSync(join(folder, "a"), "a");
    await run(["patch", "shop", "a", "--base", deploymentId]);
    assert.partialDeepStrictEqual(platform.inputsOf("deployments.create")[0], { source: { base: deploymentId } });
    assert.match((await run(["patch", "shop", "none.js"])).stderr, /cannot be read\.\nnext: Name a file that is there/);
    for (const words of [["../a"], ["/etc/passwd"], [], ["a=-", "b=-"]]) assert.equal((await run(["patch", "shop", ...words])).code, 2, words.join());
    assert.equal(platform.inputsOf("deployments.create").length, 1);
  });

  it("run gives the command's lines to their streams, and ends with its exit code", async () => {
    const lines: OutputOf<"apps.run">["lines"] = [
      { stream: "stdout", text: "one" },
      { stream: "stderr", text: "two" },
    ];
    platform.handlers["apps.run"] = () => ranOf({ exitCode: 7, lines, omitted: 5 });
    assert.deepEqual(await run(["run", "shop", "--timeout", "2m", "--", "node", "-e", "--json"]), {
      code: 7,
      stdout: "one\n",
      stderr: "5 earlier lines: see 'slip logs shop'.\ntwo\n",
    });
    assert.deepEqual(platform.inputsOf("apps.run"), [{ app: "shop", command: ["node", "-e", "--json"], timeoutMs: 120_000, lines: 500 }]);
    await run(["run", "shop", "echo $HOME"]);
    assert.partialDeepStrictEqual(platform.inputsOf("apps.run")[1], { command: "echo $HOME", timeoutMs: 60_000 });
  });

  it("run says by its exit code when a command ran too long, and when it could not be run", async () => {
    platform.handlers["apps.run"] = () => ranOf({ exitCode: 137, timedOut: true });
    assert.equal((await run(["run", "shop", "--", "sleep", "9"])).code, 124);
    platform.handlers["apps.run"] = () => {
      throw new SlipError("conflict", "The app shop has no live release to run a command in.");
    };
    const ran = await run(["run", "shop", "--json", "--", "true"]);
    assert.deepEqual([ran.code, JSON.parse(ran.stdout).error.code], [125, "conflict"]);
    assert.equal((await run(["run", "shop", "--timeout", "soon", "--", "true"])).code, 2);
    const long = await run(["run", "shop", "--timeout", "10m", "--", "true"]);
    assert.deepEqual([long.code, long.stderr.split("\n")[0]], [2, 'error: --timeout is "10m"; a command may take 5m.']);
    assert.equal((await run(["run", "shop"])).code, 2);
  });
});
