import assert from "node:assert/strict";
import { test } from "node:test";
import { countFrom, countOf } from "./options.ts";

test("a count is a whole number of at least so many", () => {
  assert.equal(countOf("12", "--lines"), 12);
  assert.equal(countFrom(0, "0", "--apps"), 0);
  assert.equal(countOf(undefined, "--lines"), undefined);
  for (const text of ["0", "-1", "1.5", "01", "x", "", "1e3"])
    assert.throws(() => countOf(text, "--lines"), { code: "usage", message: `--lines is "${text}", which is not a whole number of at least 1.` }, text);
});

test("a number beyond all limits is not said to be none", () => {
  assert.throws(() => countOf("5000000000", "--lines"), { code: "usage", message: '--lines is "5000000000", which is too large.' });
});
