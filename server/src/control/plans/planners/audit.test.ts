// What plans of mending say, as values.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Finding, stateOfFindings } from "../../audit/finding.ts";
import { movedBetween } from "../fingerprint.ts";
import { auditPlanners } from "./audit.ts";

const found = (problem: Finding["problem"], kind: Finding["kind"], name: string): Finding => ({ problem, kind, name, detail: `about ${name}` });
const findings = [
  found("orphan", "bundle", "ins_left"),
  found("loss", "process", "ins_lame"),
  found("loss", "workload", "dep_1"),
  found("loss", "artifact", "sha256:1"),
  found("difference", "layer", "sha256:2"),
  found("difference", "deployment", "dep_2"),
];

test("each finding is planned with what becomes of it, and what runs is named where it is started again", () => {
  const { changes, interrupts, inverse } = auditPlanners["platform.audit"].plan({} as never, { findings } as never);
  assert.deepEqual(
    changes.map(({ what, from, to }) => [what, from, to]),
    [
      ["orphan bundle ins_left", "about ins_left", undefined],
      ["loss process ins_lame", "about ins_lame", "brought back"],
      ["loss workload dep_1", "about dep_1", "brought back"],
      ["loss artifact sha256:1", "about sha256:1", "forgotten, and built again by the next deployment that needs it"],
      ["difference layer sha256:2", "about sha256:2", "made as it should be"],
      ["difference deployment dep_2", "about dep_2", "as it is: no audit mends it"],
    ],
  );
  assert.deepEqual(
    interrupts.map(({ what }) => what),
    ["the instance ins_lame", "instances that use the layer sha256:2"],
  );
  assert.equal(inverse, undefined);
});

test("another thing to mend, or one less, makes a plan stale; other words for the same do not", () => {
  const before = stateOfFindings(findings);
  assert.deepEqual(movedBetween(before, stateOfFindings(findings.map((each) => ({ ...each, detail: "other words" })))), []);
  assert.deepEqual(movedBetween(before, stateOfFindings(findings.slice(1))), ["orphan bundle ins_left is gone"]);
  assert.deepEqual(movedBetween(before, stateOfFindings([...findings, found("loss", "table", "slip_1")])), ["loss table slip_1 is there now"]);
});
