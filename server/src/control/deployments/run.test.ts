import assert from "node:assert/strict";
import { test } from "node:test";
import { withPhase } from "./run.ts";

test("a phase that is gone through again keeps its place, and a new one comes last", () => {
  const phases = [
    { name: "queue" as const, ms: 1 },
    { name: "source" as const, ms: 2 },
    { name: "build" as const, ms: 3 },
  ];
  assert.deepEqual(withPhase(phases, { name: "source", ms: 9 }), [phases[0], { name: "source", ms: 9 }, phases[2]]);
  assert.deepEqual(withPhase(phases, { name: "start", ms: 4 }), [...phases, { name: "start", ms: 4 }]);
});
