// Where a layer ends depends on the paths alone, and a path that comes or goes moves only the ends near it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import type { SourceEntry } from "@slipstream/contract/source.ts";
import { piecesOf } from "./source-pieces.ts";

const file = (path: string): SourceEntry => ({ type: "file", path, sha256: "0".repeat(64), size: 0, executable: false });
const many = (count: number): SourceEntry[] => Array.from({ length: count }, (_, index) => file(`part-${index % 40}/${index}.txt`));
const textOf = (pieces: readonly SourceEntry[][]): string[] => pieces.map((piece) => piece.map(({ path }) => path).join(" "));

test("a source of less than 1,000 files is one piece", () => {
  assert.equal(piecesOf(many(999)).length, 1);
  assert.ok(piecesOf(many(1_000)).length > 10);
});

test("every entry is in one piece, in the order of a tree, in whatever order they came", () => {
  const entries = [...many(3_000), file("part-1-"), file("part-1.d/x"), file("é"), file("part-1a")];
  const pieces = piecesOf(entries);
  assert.deepEqual(textOf(piecesOf(entries.toReversed())), textOf(pieces));
  assert.equal(new Set(pieces.flat()).size, entries.length);
  const folders = pieces.flat().map(({ path }) => path.split("/")[0] ?? "");
  const changes = folders.filter((folder, index) => folder !== folders[index - 1]);
  assert.equal(new Set(changes).size, changes.length, "what is in a folder stands together");
});

test("a file that comes or goes leaves most pieces as they are", () => {
  const entries = many(5_000);
  const before = new Set(textOf(piecesOf(entries)));
  for (const now of [[...entries, file("part-7/new")], entries.toSpliced(1_234, 1), [...entries, file("0")]]) {
    const others = textOf(piecesOf(now)).filter((piece) => !before.has(piece));
    assert.ok(others.length >= 1 && others.length <= 3, `${others.length} of ${before.size}`);
  }
});

test("paths that were chosen to be ends make no more pieces than an image may have layers", () => {
  const ends: SourceEntry[] = [];
  for (let index = 0; ends.length < 1_025; index += 1) if (crc32(`${index}`) % 16 === 0) ends.push(file(`${index}`));
  assert.ok(piecesOf(ends).length <= 86, `${piecesOf(ends).length}`);
});
