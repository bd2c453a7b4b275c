// Every broken app ends with a report that names its cause, and becomes live once the report's next action was done.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type DeployResult, Installation } from "../e2e/installation.ts";
import { newTree, nodeFiles } from "../e2e/sources.ts";
import { whole } from "../size.ts";
import { type BrokenCase, brokenCases, copyOf, type Fix, layFix, type Report } from "./broken/case.ts";
import { applySetting, commandIn } from "./broken/next-action.ts";
import { SmallDisk } from "./small-disk.ts";

type Failure = NonNullable<DeployResult["failure"]>;

const assertReport = (failure: Failure, expected: Report): void => {
  const shown = JSON.stringify(failure, undefined, 2);
  assert.deepEqual([failure.phase, failure.code], [expected.phase, expected.code], shown);
  assert.ok(failure.summary.includes(expected.summary ?? ""), shown);
  assert.ok((failure.suspectedCause ?? "").includes(expected.cause ?? ""), shown);
  if (expected.noCause) assert.equal(failure.suspectedCause, undefined, shown);
  if (expected.file !== undefined) assert.equal(failure.file, expected.file, shown);
  if (expected.line !== undefined) assert.equal(failure.line, expected.line, shown);
  for (const text of expected.evidence) assert.ok(failure.evidence.join("\n").includes(text), shown);
};

/** The tests of `cases`, on a platform in `home`, or wherever it likes. */
const testCases = (cases: readonly BrokenCase[], home?: string): void => {
  const installation = new Installation(home);
  const old = newTree("old", nodeFiles('"the old release"'));
  const workloads = async (): Promise<number> => {
    const status = JSON.parse(await installation.expect(0, ["status", "--json"])) as { host?: { workloads: unknown[] } };
    return status.host?.workloads.length ?? -1;
  };
  before(() => installation.up());
  after(() => installation.end());

  const mend = async (of: BrokenCase, fix: Fix, at: { source: string; failure: Failure }): Promise<void> => {
    const action = at.failure.nextActions.find((each) => each.includes(fix.action));
    assert.ok(action, JSON.stringify(at.failure, undefined, 2));
    layFix(of.name, at.source);
    if (fix.by === "setting") applySetting(at.source, action);
    if (fix.by === "command") await installation.expect(0, fix.command ?? commandIn(action), fix.input === undefined ? {} : { input: fix.input });
  };

  /** Fails as it should, and leaves all as it was. */
  const failing = async (of: BrokenCase, source: string, expected: Report): Promise<Failure> => {
    const started = performance.now();
    const result = await installation.deploy(source, ["--app", of.name]);
    const ms = performance.now() - started;
    assert.equal(result.outcome, "failed", JSON.stringify(result, undefined, 2));
    assert.ok(result.failure);
    assertReport(result.failure, expected);
    if (expected.withinMs !== undefined) assert.ok(ms < expected.withinMs, `it took ${Math.round(ms)} ms`);
    if (of.first) assert.equal((await installation.request(of.name)).status, 404);
    else assert.equal((await installation.request(of.name)).body, "the old release");
    assert.equal(await workloads(), of.first ? 0 : 1, "nothing is left over");
    return result.failure;
  };

  for (const of of cases)
    it(`${of.name}: an app that ${of.what}`, async () => {
      const { source, remove } = copyOf(of.name);
      try {
        if (!of.first) await installation.deployLive(old, ["--app", of.name]);
        if (of.report) {
          const failure = await failing(of, source, of.report);
          assert.ok(of.fix, "a report comes with a fix");
          await mend(of, of.fix, { source, failure });
        }
        await installation.deployLive(source, ["--app", of.name]);
        assert.match((await installation.request(of.name)).body, /^(<p>)?ok/);
      } finally {
        remove();
        await installation.slip(["destroy", of.name, "--purge", "--yes"]);
      }
    });
};

const cases = brokenCases().filter(({ sample }) => whole || sample);

describe("broken apps", () => testCases(cases.filter(({ diskBytes }) => diskBytes === undefined)));

for (const of of cases.filter(({ diskBytes }) => diskBytes !== undefined))
  describe("a broken app on a disk of its own", () => {
    const disk = new SmallDisk(of.diskBytes ?? 0);
    testCases([of], join(disk.folder, "home"));
    after(() => disk.end());
  });
