// Limits that the platform itself keeps, and no sandbox: each is taken away from a platform that runs, and must be missed.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type LimitName, limit } from "@slipstream/contract/limits.ts";
import { type DeployResult, Installation } from "../e2e/installation.ts";
import { newTree, nodeFiles } from "../e2e/sources.ts";
import { whole } from "../size.ts";
import { setLimit } from "./lifted.ts";

const megabyte = 2 ** 20;
const lines = limit("logLinesPerSecond") * 4;

/** A program that says so many lines at once; `marker` tells them from others. */
const says = (marker: string): string => `process.stdout.write(Array.from({ length: ${lines} }, (_, n) => "${marker} " + n + "\\n").join(""))`;

describe("without a limit of the platform", { skip: !whole, timeout: 300_000 }, () => {
  const installation = new Installation();
  let removed = 0;
  before(() => installation.up());
  after(async () => {
    await installation.end();
    process.stdout.write(`# ${removed} limits of the platform were taken away\n`);
  });

  const building = (program: string): Promise<DeployResult> => {
    const files = { ...nodeFiles('"ok"'), "build.js": program, "slip.toml": '[build]\ncommand = "node build.js"\n' };
    return installation.deploy(newTree("builds", files));
  };
  /** Whether all lines with the marker were kept; that some were not is told. */
  const allKept = async (app: string, marker: string): Promise<boolean> => {
    await pause(1_500);
    const printed = await installation.expect(0, ["logs", app, "--build", "--runtime", "--grep", `${marker} `, "--lines", `${lines * 2}`, "--json"]);
    const kept = printed.split("\n").filter((line) => line.includes(`"text":"${marker} `)).length;
    assert.ok(kept > 0, "some are kept");
    if (kept < lines) assert.match(await installation.expect(0, ["logs", app, "--platform"]), /lines were dropped/);
    return kept === lines;
  };

  /** Each gives whether it got through, and looks at what it is told when it did not. */
  const floods: { what: string; name: LimitName; within: number; lifted: number; through: () => Promise<boolean> }[] = [
    {
      what: "lines of an instance",
      name: "logLinesPerSecond",
      within: limit("logLinesPerSecond"),
      lifted: lines * 2,
      async through() {
        const marker = `instance-${process.hrtime.bigint()}`;
        await installation.deployLive(newTree("talks", nodeFiles(`(request.url === "/flood" && ${says(marker)}, "ok")`)));
        assert.equal((await installation.request("talks", "/flood")).status, 200);
        return await allKept("talks", marker);
      },
    },
    {
      what: "lines of a build",
      name: "logLinesPerSecond",
      within: limit("logLinesPerSecond"),
      lifted: lines * 2,
      async through() {
        const marker = `build-${process.hrtime.bigint()}`;
        assert.equal((await building(says(marker))).outcome, "live");
        return await allKept("builds", marker);
      },
    },
    {
      what: "bytes of a build on the disk",
      name: "buildDiskBytes",
      within: 32 * megabyte,
      lifted: limit("buildDiskBytes"),
      async through() {
        const { outcome, failure } = await building(`require("node:fs").writeFileSync("large", Buffer.alloc(${64 * megabyte}, 1))`);
        if (outcome === "failed") assert.deepEqual([failure?.code, /more than 32 MB/.test(failure?.summary ?? "")], ["build_disk_full", true]);
        return outcome === "live";
      },
    },
    {
      what: "files of a build",
      name: "buildFiles",
      within: 500,
      lifted: limit("buildFiles"),
      async through() {
        const { outcome, failure } = await building('for (let n = 0; n < 2_000; n += 1) require("node:fs").writeFileSync("file-" + n, "")');
        if (outcome === "failed") assert.deepEqual([failure?.code, /more than 500 files/.test(failure?.summary ?? "")], ["build_disk_full", true]);
        return outcome === "live";
      },
    },
  ];

  for (const { what, name, within, lifted, through } of floods)
    it(`gets through: ${what}`, async () => {
      await setLimit(installation.home, name, within);
      assert.ok(!(await through()), "nothing gets through as long as it is there");
      await setLimit(installation.home, name, lifted);
      assert.ok(await through(), "it gets through without it");
      removed += 1;
    });
});
