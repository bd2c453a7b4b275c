// The auditor finds what was put there or taken away behind the platform's back, and mends it; what runs notices nothing.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Plan } from "@slipstream/contract/plan.ts";
import { z } from "zod";
import { Installation } from "../e2e/installation.ts";
import { failuresOf, steadyLoad } from "../e2e/load.ts";
import { newTree, nodeFiles, writeTree } from "../e2e/sources.ts";

const Audit = z.object({ findings: z.array(z.object({ kind: z.string(), problem: z.string(), name: z.string(), mended: z.boolean() })) });

const inOrder = (lines: readonly string[]): string[] => lines.toSorted((a, b) => (a < b ? -1 : 1));

const installation = new Installation();
before(() => installation.up());
after(() => installation.end());

describe("slip doctor --deep", () => {
  const source = newTree("shop", nodeFiles('"first"'));
  const path = (...words: string[]): string => join(installation.home, ...words);
  const id = (): string => installation.installationId() ?? "";
  const found = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await installation.slip(["doctor", "--deep", "--json", ...args]);
    return Audit.parse(JSON.parse(stdout)).findings.map(({ problem, kind, name, mended }) => `${problem} ${kind} ${name}${mended ? ", mended" : ""}`);
  };
  const instance = (): string =>
    readdirSync(path("run/instances"))
      .toSorted((a, b) => a.localeCompare(b))
      .at(-1) ?? "";

  before(async () => {
    await installation.deployLive(source);
    writeTree(source, nodeFiles('"second"'));
    await installation.deployLive(source);
  });

  it("finds nothing on a platform that is well, and says so with exit code 0", async () => {
    assert.deepEqual(await found("--dry-run"), []);
    await installation.expect(0, ["doctor", "--deep"]);
  });

  it("removes what nothing needs, and nothing else", async () => {
    const load = steadyLoad(installation, "shop", { perSecond: 20 });
    const group = execFileSync("find", ["/sys/fs/cgroup", "-maxdepth", "2", "-name", `slipstream-${id()}`], { encoding: "utf8" }).split("\n")[0] ?? "";
    mkdirSync(join(group, "ins_left"));
    execFileSync("ip", ["netns", "add", `slip${id()}-77`]);
    execFileSync("nft", ["add", "table", "inet", `slip_${id()}_old`]);
    mkdirSync(path("run/instances/ins_left/root"), { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "none", path("run/instances/ins_left/root")]);
    mkdirSync(path("cache/builds/dep_left"), { recursive: true });
    writeFileSync(path("run/exits/ins_left"), "0");
    // All that gVisor leaves where it is killed before it has written down what it makes.
    writeFileSync(path("run/runtimes/runsc/ins_cut_sandbox:ins_cut.lock"), "");
    const expected = [
      "orphan bundle ins_left",
      "orphan cgroup ins_left",
      "orphan exit-code ins_left",
      `orphan mount ${path("run/instances/ins_left/root")}`,
      `orphan namespace slip${id()}-77`,
      "orphan runtime-state ins_cut",
      `orphan table slip_${id()}_old`,
      "orphan workspace dep_left",
    ];
    assert.deepEqual(inOrder(await found("--dry-run")), expected);
    await installation.expect(1, ["doctor", "--deep", "--dry-run"]);
    assert.deepEqual(
      inOrder(await found()),
      expected.map((line) => `${line}, mended`),
    );
    assert.deepEqual(await found("--dry-run"), []);
    assert.deepEqual(failuresOf(await load.stop()), []);
    await installation.expect(0, ["rollback", "shop"]);
    assert.equal((await installation.request("shop")).body, "first", "what was kept can still be gone back to");
  });

  it("brings back what is needed and is not there", async () => {
    rmSync(path("edge/table.json"));
    execFileSync("nft", ["delete", "table", "inet", `slip_${id()}`]);
    const live = z.object({ releases: z.array(z.object({ state: z.string(), deployment: z.string() })) });
    const { releases } = live.parse(JSON.parse(await installation.expect(0, ["releases", "shop", "--json"])));
    assert.ok(releases.some(({ state }) => state === "live"));
    const lame = instance();
    process.kill(Number(readFileSync(path("run/instances", lame, "conmon.pid"), "utf8")), "SIGKILL");
    const mended = await found();
    for (const line of ["difference route table.json, mended", `loss table slip_${id()}, mended`]) assert.ok(mended.includes(line), mended.join("; "));
    assert.deepEqual(await found("--dry-run"), []);
    assert.equal((await installation.request("shop")).status, 200);
  });
});

describe("the plan of an audit that mends", () => {
  /** What nothing needs: as of a build that was cut off. */
  const left = (name: string): string => join(installation.home, "cache", "builds", name);
  const plan = async (): Promise<Plan> => Plan.parse(JSON.parse(await installation.expect(0, ["doctor", "--deep", "--plan", "--json"])));
  const found = ({ changes }: Plan): string[] => changes.map(({ what }) => what).sort();

  it("names nothing where nothing is to be mended", async () => {
    assert.deepEqual(found(await plan()), []);
  });

  it("names what it found and leaves it, and that is mended when it is applied", async () => {
    mkdirSync(left("left-one"), { recursive: true });
    const made = await plan();
    assert.deepEqual(made.changes, [{ what: "orphan workspace left-one", from: "Nothing needs it." }]);
    assert.ok(existsSync(left("left-one")));
    const told = await installation.expect(0, ["apply", made.plan]);
    assert.match(told, /^mended\torphan\tworkspace\tleft-one\t/);
    assert.ok(!existsSync(left("left-one")));
  });

  it("mends nothing where there is something else to mend by now", async () => {
    mkdirSync(left("left-two"), { recursive: true });
    const made = await plan();
    mkdirSync(left("left-three"));
    const { stderr } = await installation.slip(["apply", made.plan]);
    assert.match(stderr, /orphan workspace left-three is there now/);
    assert.deepEqual([existsSync(left("left-two")), existsSync(left("left-three"))], [true, true]);
    const next = await plan();
    assert.deepEqual(found(next), ["orphan workspace left-three", "orphan workspace left-two"]);
    await installation.expect(0, ["apply", next.plan]);
    assert.deepEqual([existsSync(left("left-two")), existsSync(left("left-three"))], [false, false]);
  });
});
