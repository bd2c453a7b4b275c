import assert from "node:assert/strict";
import { test } from "node:test";
import { afterExit } from "./backoff.ts";

test("the pause doubles from 100 ms to its limit, and starts anew after a minute of running", () => {
  const pauses: number[] = [];
  let failures = 0;
  for (let exit = 0; exit < 12; exit += 1) {
    const next = afterExit(failures, 10);
    failures = next.failures;
    pauses.push(next.pauseMs);
  }
  assert.deepEqual(pauses, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000]);
  assert.deepEqual(afterExit(failures, 61_000), { failures: 1, pauseMs: 100 });
});
