import assert from "node:assert/strict";
import { test } from "node:test";
import { counterOf } from "./cgroup.ts";

test("a counter is found by its whole name", () => {
  const text = "low 0\noom 3\noom_kill 2\noom_group_kill 1\n";
  assert.equal(counterOf(text, "oom_kill"), 2);
  assert.equal(counterOf(text, "oom"), 3);
  assert.equal(counterOf(text, "max"), 0);
});
