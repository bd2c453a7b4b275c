import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError, toErrorBody } from "@slipstream/contract/errors.ts";
import { programError } from "./start.ts";

test("the error of a program of the platform is ours, with its own next step", () => {
  const told = new SlipError("ports_taken", "Port 80 is in use by another program.", { evidence: ["a line"] });
  const error = programError("It did not start.", { errors: `(node:1) a warning\n${JSON.stringify(toErrorBody(told))}` });
  assert.deepEqual([error.code, error.message, error.next, error.exit, error.details.evidence], ["ports_taken", told.message, told.next, 2, ["a line"]]);
});

test("a program that died without a word of ours is told with its last lines", () => {
  for (const errors of ["Segmentation fault", '{"not":"ours"}', "", "null"]) {
    const error = programError("It did not start.", { errors });
    assert.deepEqual([error.code, error.message, error.details.evidence], ["unreachable", "It did not start.", errors === "" ? [] : [errors]]);
  }
});
