import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree } from "../testing/memory-tree.ts";
import { planOf } from "./list.ts";

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 12345\n";
const notesOf = (attributes: string, files: Record<string, string>): readonly string[] =>
  planOf(memoryTree({ "index.html": "", ".gitattributes": attributes, ...files }), {}).notes ?? [];

const found: readonly [attributes: string, path: string][] = [
  ["*.png filter=lfs diff=lfs merge=lfs -text\n", "img/logo.png"],
  ["* text=auto\nmodels/** filter=lfs diff=lfs\n", "models/a/b.bin"],
  ["/media/*.mp4 filter=lfs\n", "media/x.mp4"],
  ["[z-a].bin filter=lfs\n[ab].bin filter=lfs\n", "a.bin"],
];
for (const [attributes, path] of found)
  test(`that ${path} is a pointer is said, by ${JSON.stringify(attributes)}`, () => {
    const [note = "", ...others] = notesOf(attributes, { [path]: pointer });
    assert.ok(note.startsWith(`${path} is a pointer of Git LFS`) && note.includes("git lfs pull"), note);
    assert.equal(others.length, 0);
  });

test("nothing is said of files that are there, that LFS does not keep, or that a comment names", () => {
  assert.deepEqual(notesOf("*.png filter=lfs\n", { "logo.png": "PNG" }), []);
  assert.deepEqual(notesOf("*.png filter=lfs\n", { "logo.txt": pointer }), []);
  assert.deepEqual(notesOf("# *.png filter=lfs\n", { "logo.png": pointer }), []);
});
