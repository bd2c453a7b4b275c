import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Recent } from "./recent.ts";

test("what was not asked for in the longest time goes first", () => {
  const recent = new Recent<number>(3);
  for (const key of ["a", "b", "c"]) recent.set(key, 1, 1);
  recent.get("a");
  recent.set("d", 1, 1);
  assert.deepEqual(
    ["a", "b", "c", "d"].map((key) => recent.get(key)),
    [1, undefined, 1, 1],
  );
});

test("what is kept never weighs more than it may, and the newest that fits is always kept", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: 0, max: 6 }))), (sets) => {
      const recent = new Recent<number>(5);
      for (const [key, weight] of sets) {
        recent.set(key, weight, weight);
        assert.equal(recent.get(key), weight > 5 ? undefined : weight);
        const all = ["a", "b", "c", "d"].map((each) => recent.get(each) ?? 0);
        assert.ok(all.reduce((sum, each) => sum + each) <= 5, JSON.stringify(all));
      }
    }),
  );
});
