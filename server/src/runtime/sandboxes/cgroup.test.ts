import assert from "node:assert/strict";
import { test } from "node:test";
import { counterOf, sandboxMemory } from "./cgroup.ts";

test("a counter is found by its whole name", () => {
  const text = "low 0\noom 3\noom_kill 2\noom_group_kill 1\n";
  assert.equal(counterOf(text, "oom_kill"), 2);
  assert.equal(counterOf(text, "oom"), 3);
  assert.equal(counterOf(text, "max"), 0);
});

test("the machine keeps a tenth of its memory, a small one more, and the smallest half", () => {
  const gigabyte = 2 ** 30;
  assert.equal(sandboxMemory(20 * gigabyte), 18 * gigabyte);
  assert.equal(sandboxMemory(2 * gigabyte), 1.25 * gigabyte);
  assert.equal(sandboxMemory(gigabyte), 0.5 * gigabyte);
});
