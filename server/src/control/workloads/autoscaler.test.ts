import assert from "node:assert/strict";
import { test } from "node:test";
import { loadBetween } from "./autoscaler.ts";

const count = (at: number, requestMs: Record<string, number>, cpuMs: number) => ({ at, requestMs: new Map(Object.entries(requestMs)), cpuMs });

test("the load is what was counted, over the time that passed, of all edges together", () => {
  assert.deepEqual(loadBetween(count(1_000, { one: 500, two: 0 }, 100), count(3_000, { one: 6_500, two: 2_000 }, 1_100)), { requests: 4, cores: 0.5 });
});

test("an edge, or a program, that began anew counts from nothing", () => {
  assert.deepEqual(loadBetween(count(0, { old: 90_000 }, 9_000), count(2_000, { new: 2_000 }, 400)), { requests: 1, cores: 0 });
});
