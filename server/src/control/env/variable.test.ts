import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { expectNames } from "./variable.ts";

const refusal = (what: "variable" | "secret"): SlipError => {
  try {
    expectNames(["A"], ["A", "B"], what);
  } catch (error) {
    return error as SlipError;
  }
  return assert.fail("B is not among them");
};

test("a name that the app does not have is told with the command that lists them", () => {
  assert.equal(refusal("variable").message, "The app has no variable B.");
  assert.equal(refusal("variable").next, "List those that it has with 'slip env list APP'.");
  assert.equal(refusal("secret").next, "List those that it has with 'slip secrets list APP'.");
  expectNames(["A", "B"], ["B"], "secret");
});
