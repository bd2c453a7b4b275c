import assert from "node:assert/strict";
import { test } from "node:test";
import { afterEnd } from "./backoff.ts";

test("the pause doubles from 100 ms to 5 s", () => {
  let failures = 0;
  const pauses = Array.from({ length: 8 }, () => {
    const next = afterEnd(failures, 50);
    failures = next.failures;
    return next.pauseMs;
  });
  assert.deepEqual(pauses, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

test("a process that lived for ten seconds starts anew", () => {
  assert.deepEqual(afterEnd(7, 10_000), { failures: 1, pauseMs: 100 });
  assert.deepEqual(afterEnd(7, 9_999), { failures: 8, pauseMs: 5_000 });
});
