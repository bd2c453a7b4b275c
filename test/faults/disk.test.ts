// The disk of an installation is full: by a build, by others, while it starts. What runs goes on, what cannot be done says so,
// and everything comes back by itself when there is room.
import assert from "node:assert/strict";
import { existsSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { limit } from "@slipstream/contract/limits.ts";
import { z } from "zod";
import { Installation } from "../e2e/installation.ts";
import { failuresOf, steadyLoad } from "../e2e/load.ts";
import { newTree, nodeFiles, writeTree } from "../e2e/sources.ts";
import { whole } from "../size.ts";
import { SmallDisk } from "./small-disk.ts";

const megabyte = 2 ** 20;
const Checks = z.object({ checks: z.array(z.object({ name: z.string(), state: z.string(), detail: z.string(), fix: z.string().optional() })) });
const Processes = z.object({ processes: z.array(z.object({ name: z.string(), pid: z.number().nullish() })) });

/** Answers with a text, and prints a line for each request. */
const talker = (text: string) => nodeFiles(`(console.log("asked for " + request.url), ${JSON.stringify(text)})`);
const fillingBuild = {
  ...nodeFiles('"never"'),
  "package.json": JSON.stringify({ name: "app", version: "1.0.0", scripts: { build: "node build.js", start: "node server.js" } }),
  "build.js": 'const file = require("node:fs").openSync("heap", "w");\nfor (;;) require("node:fs").writeSync(file, Buffer.alloc(1 << 20, 1));\n',
};

describe("a full disk", () => {
  const disk = new SmallDisk(2_000 * megabyte);
  const installation = new Installation(join(disk.folder, "home"));
  const ballast = join(installation.home, "ballast");
  const talking = newTree("talking", talker("release 1"));

  /** Waits for something that the platform does by itself. */
  const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
    for (let attempt = 0; !(await isSo()); attempt += 1) {
      assert.ok(attempt < 300, `${what} in 30 s`);
      await pause(100);
    }
  };
  const deployAnew = (text: string) => {
    writeTree(talking, talker(text));
    return installation.deploy(talking, ["--app", "talking"]);
  };
  const assertAnswers = async (text: string) => assert.equal((await installation.request("talking")).body, text);
  const makeRoom = async (): Promise<void> => {
    disk.empty();
    await until("the ballast is made again", () => existsSync(ballast));
  };
  const linesWith = async (text: string): Promise<string> => (await installation.slip(["logs", "talking", "--grep", text])).stdout;

  before(async () => {
    await installation.up();
    await installation.deployLive(talking);
    await until("the ballast is made", () => existsSync(ballast));
  });
  after(async () => {
    await installation.end().finally(() => disk.end());
  });

  it("a build that fills it ends failed and leaves nothing, the app answers, and the next deployment lives", async () => {
    disk.fill(limit("diskReserveBytes") + 64 * megabyte);
    const free = disk.freeBytes;
    const filling = newTree("filling", fillingBuild);
    const { outcome, failure } = await installation.deploy(filling);
    assert.equal(outcome, "failed");
    assert.deepEqual([failure?.phase, failure?.code], ["build", "disk_full"]);
    assert.match(failure?.summary ?? "", /\d+ MB left/);
    assert.match(failure?.nextActions.join(" ") ?? "", /slip doctor/);
    await assertAnswers("release 1");
    assert.ok(free - disk.freeBytes < 16 * megabyte, `the build has left ${(free - disk.freeBytes) / megabyte} MB`);
    disk.empty();
    writeTree(filling, { "build.js": "" });
    await installation.deployLive(filling);
  });

  it("a build whose layer has no room beside what it wrote ends failed before it takes of the reserve", async () => {
    disk.fill(limit("diskReserveBytes") + 128 * megabyte);
    const once = fillingBuild["build.js"].replace("for (;;)", "for (let left = 80; left > 0; left--)");
    const { failure } = await installation.deploy(newTree("packed", { ...fillingBuild, "build.js": once }));
    assert.deepEqual([failure?.phase, failure?.code], ["build", "disk_full"]);
    assert.match(failure?.summary ?? "", /this needs [89]\d MB/);
    disk.empty();
  });

  it("a source that there is no room for is refused before it is sent", async () => {
    disk.fill(limit("diskReserveBytes") + 32 * megabyte);
    const large = newTree("large", nodeFiles('"large"'));
    writeFileSync(join(large, "large.bin"), "");
    truncateSync(join(large, "large.bin"), 100 * megabyte);
    const { outcome, failure } = await installation.deploy(large, ["--app", "large"]);
    assert.deepEqual([outcome, failure?.code, failure?.phase], ["failed", "disk_full", "source"]);
    assert.match(failure?.summary ?? "", /\d+ MB left and this needs 100 MB/);
    disk.empty();
  });

  it("filled by others: deployments are refused, requests do not fail, doctor says who holds it, and what frees room works", async () => {
    const load = steadyLoad(installation, "talking", { perSecond: 20 });
    disk.fillWhole();
    await until("the ballast is given up", () => !existsSync(ballast));
    const { outcome, failure } = await deployAnew("release 2");
    assert.deepEqual([outcome, failure?.code], ["failed", "disk_full"]);

    const doctor = await installation.slip(["doctor", "--json"]);
    assert.equal(doctor.code, 1);
    const check = Checks.parse(JSON.parse(doctor.stdout)).checks.find(({ name }) => name === "disk");
    assert.equal(check?.state, "failed");
    for (const holder of ["not of the platform", "artifacts", "layers", "database", "restate"])
      assert.match(check?.detail ?? "", new RegExp(`${holder} [\\d.]+ [MG]B`));
    assert.match(check?.fix ?? "", /^du /, "most of it is not the platform's");

    await installation.expect(0, ["restart", "talking"]);
    await installation.expect(0, ["destroy", "filling", "--purge", "--yes"]);
    assert.deepEqual(failuresOf(await load.stop()), []);
    await makeRoom();
    assert.equal((await deployAnew("release 2")).outcome, "live");
    await assertAnswers("release 2");
  });

  it("full to the last block: the app goes on, its lines are dropped and counted, and kept again when there is room", async () => {
    disk.fillWhole();
    await until("the ballast is given up", () => !existsSync(ballast));
    disk.fillWhole();
    await installation.request("talking", "/of-a-full-disk");
    await pause(500);
    await makeRoom();
    await installation.request("talking", "/of-a-disk-with-room");
    await until("lines are kept again", async () => (await linesWith("of-a-disk-with-room")) !== "");
    assert.equal(await linesWith("of-a-full-disk"), "");
    assert.match(await linesWith("lines were lost here"), /lines were lost here/);
  });

  it("filled while the platform is down: it starts by giving up the ballast, and the apps serve", async () => {
    await installation.expect(0, ["down"]);
    disk.fillWhole();
    await installation.up();
    assert.ok(!existsSync(ballast));
    await assertAnswers("release 2");
    await makeRoom();
  });

  it("without even the ballast a start says that the disk is full, and works when it is not", { skip: !whole }, async () => {
    await installation.expect(0, ["down"]);
    rmSync(ballast, { force: true });
    disk.fillWhole();
    const { code, stderr } = await installation.slip(["up"]);
    assert.equal(code, 1);
    assert.match(stderr, /does not start: the disk of \S+ is full, with \d+ MB left[\s\S]*Free 256 MB on that disk \('slip doctor'/);
    disk.empty();
    await installation.up();
    await assertAnswers("release 2");
    await until("the ballast is made", () => existsSync(ballast));
  });

  it("with supervisor, host and control killed on a full disk: all come back, no request fails", { skip: !whole }, async () => {
    const load = steadyLoad(installation, "talking", { perSecond: 20 });
    disk.fillWhole();
    const { processes } = Processes.parse(JSON.parse(await installation.expect(0, ["status", "--json"])));
    for (const name of ["supervisor", "host", "control"]) process.kill(processes.find((each) => each.name === name)?.pid ?? 0, "SIGKILL");
    await installation.up();
    assert.deepEqual(failuresOf(await load.stop()), []);
    await makeRoom();
    assert.equal((await deployAnew("release 3")).outcome, "live");
  });
});
