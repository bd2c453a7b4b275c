import assert from "node:assert/strict";
import { test } from "node:test";
import { isOrphaned } from "./watch.ts";

const state = (phase: "starting" | "ready" | "stopping") => ({ boot: "b", supervisor: { pid: 1, startTime: "2", state: phase }, processes: [] });

test("a supervisor that died is missed, one that was asked to stop is not", () => {
  assert.ok(isOrphaned(state("ready"), false));
  assert.ok(isOrphaned(state("starting"), false));
  assert.ok(!isOrphaned(state("ready"), true));
  assert.ok(!isOrphaned(state("stopping"), false));
  assert.ok(!isOrphaned(undefined, false));
});
