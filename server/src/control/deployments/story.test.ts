import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { failureOf } from "@slipstream/contract/failure.ts";
import { endingOf } from "./story.ts";

const phases = [
  { name: "build" as const, ms: 12.4 },
  { name: "start" as const, ms: 30.2 },
];

test("the last line says what became of a deployment, and where the time went", () => {
  assert.equal(endingOf({ kind: "deploy", state: "live", release: 3, failure: null, phases }), "deploy live as release 3, after 43 ms (build 12, start 30)");
  assert.equal(
    endingOf({ kind: "config", state: "failed", release: 4, failure: failureOf("start", new SlipError("exited")), phases }),
    "config failed in phase start: The program ended instead of serving. (exited), after 43 ms (build 12, start 30)",
  );
});
