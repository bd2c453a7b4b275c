import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree } from "../testing/memory-tree.ts";
import { planOf } from "./list.ts";

const notesOf = (...paths: string[]): readonly string[] =>
  planOf(memoryTree({ "index.html": "", ...Object.fromEntries(paths.map((path) => [path, ""])) }), {}).notes ?? [];

for (const [path, host] of [
  ["functions/api/hello.ts", "Cloudflare Pages"],
  ["netlify/functions/hello.mts", "Netlify"],
  ["netlify/edge-functions/hello.js", "Netlify"],
  ["api/hello.py", "Vercel"],
] as const)
  test(`${path} beside pages is told to be one of ${host}, and not run`, () => {
    const [note = "", ...others] = notesOf(path);
    assert.ok(note.startsWith(`${path} is a function as ${host} runs them, and is not run here`), note);
    assert.deepEqual(others, []);
  });

test("pages, and files of such folders that are no programs, are told nothing", () =>
  assert.deepEqual(notesOf("api/index.html", "functions/readme.md", "functions/types.d.ts", "docs/functions/a.js"), []));

test("where a program answers, its own folder of that name is no such thing", () => {
  const tree = memoryTree({ "package.json": '{"scripts":{"start":"node server.js"}}', "server.js": "", "api/hello.js": "" });
  assert.equal(planOf(tree, {}).notes, undefined);
});
