import assert from "node:assert/strict";
import { test } from "node:test";
import { Buckets } from "./buckets.ts";

const trial = (most = 10) => {
  const clock = { ms: 0 };
  return { clock, buckets: new Buckets({ name: "token", quota: 100, windowSeconds: 50 }, most, () => clock.ms) };
};

test("a caller has the quota at once, and gets it back evenly", () => {
  const { clock, buckets } = trial();
  for (let count = 0; count < 100; count += 1) buckets.spend("ada", 1);
  assert.equal(buckets.left("ada"), 0);
  assert.equal(buckets.secondsUntil("ada", 1), 1);
  clock.ms = 10_000;
  assert.equal(buckets.left("ada"), 20);
  clock.ms = 3_600_000;
  assert.equal(buckets.left("ada"), 100, "and never more than the quota");
});

test("what costs more than there is has to be paid back", () => {
  const { clock, buckets } = trial();
  buckets.spend("ada", 150);
  assert.equal(buckets.secondsUntil("ada", 1), 26);
  clock.ms = 25_500;
  assert.equal(buckets.left("ada"), 1);
  assert.equal(buckets.left("bob"), 100, "the others have theirs");
});

test("not more callers are remembered than the bound, and the most recent ones are", () => {
  const { buckets } = trial(2);
  for (const key of ["ada", "bob", "ada", "cyd"]) buckets.spend(key, 1);
  assert.deepEqual(
    ["ada", "bob", "cyd"].map((key) => buckets.has(key)),
    [true, false, true],
  );
  for (let count = 0; count < 10_000; count += 1) buckets.spend(`caller ${count}`, 1);
  assert.equal(
    ["ada", "cyd"].some((key) => buckets.has(key)),
    false,
  );
});
