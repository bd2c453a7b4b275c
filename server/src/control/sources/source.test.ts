import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { changed, changeOf, type SourceEntry, sourceDigest } from "@slipstream/contract/source.ts";
import fc from "fast-check";
import { blobsOf, checkManifest, sizeOf } from "./source.ts";

const file = (path: string, size = 1): SourceEntry => ({ type: "file", path, sha256: "a".repeat(64), size, executable: false });
const link = (path: string, target: string): SourceEntry => ({ type: "link", path, target });
const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;

test("a source is counted", () => {
  assert.deepEqual(checkManifest({ entries: [file("a", 3), file("b/c", 4), link("d", "a")] }), { files: 2, sizeBytes: 7 });
});

test("a source that would be written elsewhere is refused", () => {
  assert.throws(() => checkManifest({ entries: [file("a"), file("a")] }), refused("source_unsafe"));
  assert.throws(() => checkManifest({ entries: [file("x"), link("a", "x"), file("a/b")] }), refused("source_unsafe"));
  assert.throws(() => checkManifest({ entries: [file("a"), link("l", "../../etc")] }), refused("source_unsafe"));
  const chain = [file("a/b/c"), link("a/b/up", "../.."), link("slip.toml", "a/b/up/../../etc/passwd")];
  assert.throws(() => checkManifest({ entries: chain }), refused("source_unsafe"), "a link through a link");
});

test("what differs between two sources makes the one of the other, and nothing where they are the same", () => {
  const entries = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom("a", "b/c", "b/d", "e"), fc.constantFrom("1", "2"), fc.boolean())
      .map(
        ([path, digit, executable]): SourceEntry =>
          executable && digit === "1" ? link(path, "x") : { type: "file", path, sha256: digit.repeat(64), size: 1, executable },
      ),
    { selector: ({ path }) => path },
  );
  fc.assert(
    fc.property(entries, entries, (one, other) => {
      const [before, after] = [{ entries: one }, { entries: other }];
      assert.equal(sourceDigest(changed(before, changeOf(before, after))), sourceDigest(after));
      assert.deepEqual(changeOf(before, before), { entries: [], removed: [] });
    }),
  );
});

test("an empty source and one that is too large are refused", () => {
  assert.throws(() => checkManifest({ entries: [] }), refused("source_empty"));
  assert.throws(() => checkManifest({ entries: [link("a", "b")] }), refused("source_empty"));
  assert.throws(() => checkManifest({ entries: [file("a", limit("sourceFileBytes") + 1)] }), refused("too_large"));
  const many = Array.from({ length: 5 }, (_, index) => file(`f${index}`, limit("sourceFileBytes")));
  assert.throws(() => checkManifest({ entries: many }), refused("too_large"));
});

test("a content is asked for once", () => {
  assert.deepEqual(blobsOf({ entries: [file("a"), file("b"), link("c", "a")] }), ["a".repeat(64)]);
});

test("of what is there twice the size counts once, and only of what is asked for", () => {
  const other: SourceEntry = { type: "file", path: "c", sha256: "c".repeat(64), size: 5, executable: false };
  assert.equal(sizeOf({ entries: [file("a", 3), file("b", 3), other, link("d", "a")] }, new Set(["a".repeat(64)])), 3);
});
