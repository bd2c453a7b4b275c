import assert from "node:assert/strict";
import { test } from "node:test";
import { beyondBudget, isDue, type Rest, restOf } from "./rest.ts";

const sleep = { afterMs: 100, stopMs: 50 };
const after = (rest: Rest, unusedMs: number, of = sleep): Rest => restOf({ rest, sleep: of, unusedMs });

test("what nobody uses is frozen, and ended when it was frozen for its time; nothing wakes by itself", () => {
  assert.deepEqual([after("awake", 99), after("awake", 100)], ["awake", "asleep"]);
  assert.deepEqual([after("asleep", 149), after("asleep", 150)], ["asleep", "stopped"]);
  assert.deepEqual([after("asleep", 0), after("stopped", 0), after("stopped", 1_000)], ["asleep", "stopped", "stopped"]);
  assert.equal(after("awake", 1_000), "asleep", "one step at a time");
});

test("what is to be ended at once is not frozen before", () => {
  assert.deepEqual([after("awake", 99, { afterMs: 100, stopMs: 0 }), after("awake", 100, { afterMs: 100, stopMs: 0 })], ["awake", "stopped"]);
});

test("what was used just now is not looked at", () => {
  assert.deepEqual([isDue({ rest: "awake", sleep, unusedMs: 49 }), isDue({ rest: "awake", sleep, unusedMs: 50 })], [false, true]);
  assert.ok(isDue({ rest: "asleep", sleep, unusedMs: 0 }));
});

test("of what is frozen for a rollback the longest frozen goes first, and what was frozen last stays as long as it fits", () => {
  const parked = (id: string, parkedMs: number, memoryBytes: number) => ({ id, parkedMs, memoryBytes });
  const all = [parked("old", 300, 10), parked("new", 100, 10), parked("middle", 200, 10)];
  assert.deepEqual(beyondBudget(all, 30), []);
  assert.deepEqual(beyondBudget(all, 29), ["old"]);
  assert.deepEqual(beyondBudget(all, 10), ["middle", "old"]);
  assert.deepEqual(beyondBudget(all, 9), ["new", "middle", "old"]);
  assert.deepEqual(beyondBudget([parked("large", 50, 100), ...all], 30), ["large"]);
});
