import assert from "node:assert/strict";
import { test } from "node:test";
import { continueIds, newId } from "./ids.ts";

test("a later id is greater, also one of the same millisecond", () => {
  const ids = Array.from({ length: 2_000 }, () => newId("dep"));
  assert.ok(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? id)));
  assert.equal(new Set(ids).size, ids.length);
});

test("where the clock is set back, ids go on from the last one", () => {
  const before = newId("dep");
  assert.ok(newId("dep", Date.now() - 3_600_000) > before);
});

test("ids go on from those of an earlier process whose clock was ahead, and are of the right length", () => {
  const ahead = newId("dep").replace(/_.{3}/, "_02a");
  assert.ok(newId("dep") < ahead);
  continueIds(ahead);
  const next = newId("dep");
  assert.ok(next > ahead);
  assert.equal(next.length, ahead.length);
  continueIds("nonsense");
  assert.ok(newId("dep") > next);
});
