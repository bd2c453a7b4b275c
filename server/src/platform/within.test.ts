import assert from "node:assert/strict";
import { test } from "node:test";
import { TookTooLong, within } from "./within.ts";

const fails = (): never => {
  throw new RangeError("no");
};
const loops = (): never => {
  for (;;);
};
const backtracks = (): boolean => /export\s*\{[^}]*?\bas default\b/.test("export{a ".repeat(2 ** 20));

test("what is computed is given, and what is thrown is thrown", () => {
  assert.equal(
    within(1_000, () => 1),
    1,
  );
  assert.throws(() => within(1_000, fails), RangeError);
});

test("what takes too long is ended, also in the middle of a pattern, and the next begins anew", () => {
  for (const endless of [loops, backtracks]) assert.throws(() => within(50, endless), TookTooLong);
  assert.equal(
    within(1_000, () => 2),
    2,
  );
});
