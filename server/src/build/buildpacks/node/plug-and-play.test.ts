import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

const omits = (start: string): readonly string[] | undefined =>
  planOf(
    memoryTree({ "package.json": JSON.stringify({ scripts: { start } }), "index.js": "", "yarn.lock": "__metadata:\n", ".pnp.cjs": "", ".pnp.loader.mjs": "" }),
    {},
  ).omits;

test("files of Plug'n'Play are no part of an app, unless its own scripts load them", () => {
  assert.deepEqual(omits("yarn node index.js"), [".pnp.cjs", ".pnp.loader.mjs"]);
  assert.equal(omits("node -r ./.pnp.cjs index.js"), undefined);
});
