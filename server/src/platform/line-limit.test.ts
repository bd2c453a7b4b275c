import assert from "node:assert/strict";
import { test } from "node:test";
import { LineLimit } from "./line-limit.ts";

test("a second lets so many lines through; the next one says how many it did not", () => {
  const limit = new LineLimit(2);
  assert.deepEqual(
    [10_000, 10_100, 10_200, 10_900].map((ms) => limit.take(ms).pass),
    [true, true, false, false],
  );
  assert.deepEqual(limit.take(11_000), { pass: true, dropped: 2 });
  assert.deepEqual(limit.take(11_001), { pass: true, dropped: 0 });
});

test("when no more line comes, the loss is told all the same", () => {
  const limit = new LineLimit(1);
  limit.take(10_000);
  limit.take(10_001);
  assert.equal(limit.settle(10_500), 0);
  assert.equal(limit.settle(11_000), 1);
  assert.equal(limit.settle(12_000), 0);
});
