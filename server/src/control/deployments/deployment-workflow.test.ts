import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeploymentRow } from "./deployment.ts";
import { stepsOf, stepsToDo } from "./deployment-workflow.ts";

const namesToDo = (place: number, row: Partial<DeploymentRow>): string[] => {
  const step = stepsOf.deploy[place];
  assert.ok(step);
  return stepsToDo({ kind: "deploy", releaseId: null, workload: null, state: "running", ...row } as DeploymentRow, step).map(({ name }) => name);
};

test("a step is done alone while all that the steps before it made is written down", () => {
  assert.deepEqual(namesToDo(0, {}), ["resolveSource", "allocate", "buildArtifact"]);
  assert.deepEqual(namesToDo(1, { releaseId: "rel_1" }), ["startWorkload"]);
  assert.deepEqual(namesToDo(2, { releaseId: "rel_1", workload: "dep_1" }), ["switchAndProve"]);
});

test("the steps from the first on whose result is lost are done again", () => {
  assert.deepEqual(namesToDo(2, { releaseId: "rel_1" }), ["startWorkload", "switchAndProve"]);
  assert.deepEqual(namesToDo(1, {}), ["resolveSource", "allocate", "buildArtifact", "startWorkload"]);
  assert.deepEqual(namesToDo(2, {}), ["resolveSource", "allocate", "buildArtifact", "startWorkload", "switchAndProve"]);
});
