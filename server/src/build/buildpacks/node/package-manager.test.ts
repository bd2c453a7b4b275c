import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

test("a build that installs the packages of a folder gets all of them, and no later yarn is told what it does not know", () => {
  const file = JSON.stringify({ scripts: { build: "make", start: "node server.js" } });
  const built = (files: Record<string, string>) => planOf(memoryTree({ "package.json": file, ...files }), {}).build?.env.YARN_PRODUCTION;
  assert.equal(built({ "yarn.lock": "# yarn lockfile v1\n" }), "false");
  assert.equal(built({ "yarn.lock": "__metadata:\n  version: 8\n" }), undefined);
});
