import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree } from "../testing/memory-tree.ts";
import { planOf } from "./list.ts";
import { webCommand, withRelease } from "./procfile.ts";

const tree = memoryTree({ "package.json": "{}", Procfile: "# all\nweb: node a.js \r\nrelease:\tnode migrate.js\nworker: node w.js\n" });

test("the release line of a Procfile is the release command, unless slip.toml has one", () => {
  assert.deepEqual(withRelease(tree, { run: { port: 1 } }).run, { port: 1, release_command: "node migrate.js" });
  assert.equal(withRelease(tree, { run: { release_command: "own" } }).run?.release_command, "own");
  assert.deepEqual(withRelease(memoryTree({ Procfile: "web: x" }), {}), {});
});

test("what a Procfile starts is its web line; of the others the build says that they are not started", () => {
  assert.equal(webCommand(tree), "node a.js");
  const { notes = [] } = planOf(tree, {});
  assert.deepEqual([notes.length, notes[0]?.slice(0, 33)], [1, "Procfile: worker is not started: "]);
  assert.equal(planOf(memoryTree({ "package.json": "{}", Procfile: "web: x" }), {}).notes, undefined);
});
