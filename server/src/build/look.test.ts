import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { planOf } from "./buildpacks/list.ts";
import { within } from "./look.ts";
import { memoryTree } from "./testing/memory-tree.ts";

test("a look gives what it finds, and throws what it throws", () => {
  assert.equal(
    within(() => 1),
    1,
  );
  assert.throws(
    () =>
      within(() => {
        throw new SlipError("no_buildpack");
      }),
    { code: "no_buildpack" },
  );
});

test("one that takes too long is ended, also in the middle of a pattern", () => {
  const hostile = memoryTree({ "index.js": "export{a ".repeat(2 ** 20) });
  assert.throws(() => within(() => planOf(hostile, {}), 100), { code: "build_failed", message: /within 100 ms/ });
  assert.throws(
    () =>
      within(() => {
        for (;;);
      }, 50),
    { code: "build_failed" },
  );
  assert.equal(within(() => planOf(memoryTree({ "index.html": "" }), {})).buildpack, "static");
});
