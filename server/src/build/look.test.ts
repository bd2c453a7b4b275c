import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf } from "./buildpacks/list.ts";
import { look } from "./look.ts";
import { memoryTree } from "./testing/memory-tree.ts";

test("files that no buildpack understands in time end the deployment, not the host", () => {
  const hostile = memoryTree({ "index.js": "export{a ".repeat(2 ** 20) });
  assert.throws(() => look(() => planOf(hostile, {}), 100), { code: "build_failed", message: /within 100 ms/ });
  assert.equal(look(() => planOf(memoryTree({ "index.html": "" }), {})).buildpack, "static");
});
