import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

const cases: readonly [string, string[], string][] = [
  ["a page at the root", ["index.html", "a.css"], "."],
  ["a page in public", ["public/index.html", "README.md"], "public"],
  ["a page in dist", ["dist/index.html"], "dist"],
];

for (const [what, paths, output] of cases)
  test(`${what} is served without a build`, () => {
    const plan = planOf(memoryTree(Object.fromEntries(paths.map((path) => [path, ""]))), {});
    assert.equal(plan.buildpack, "static");
    assert.deepEqual(plan.output, [output]);
    assert.equal(plan.install, undefined);
    assert.equal(plan.build, undefined);
    assert.deepEqual(plan.process.command, ["node", "/opt/static-server/main.mjs", "/app"]);
  });

test("slip.toml may name a command and its output", () => {
  const plan = planOf(memoryTree({ "page.md": "" }), { build: { buildpack: "static", command: "sh make.sh", output: "out" } });
  assert.equal(plan.build?.command, "sh make.sh");
  assert.deepEqual(plan.output, ["out"]);
});

test("a folder without a first page is served as it is where slip.toml says that it is a site", () => {
  const tree = memoryTree({ "about.html": "" });
  assert.deepEqual(planOf(tree, { build: { buildpack: "static" } }).output, ["."]);
  assert.throws(
    () => planOf(tree, {}),
    (error) =>
      error instanceof SlipError && error.code === "no_buildpack" && error.details.cause === "There are pages, such as about.html, and none is index.html.",
  );
});
