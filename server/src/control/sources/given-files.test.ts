import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { SourceEntry, SourceManifest } from "@slipstream/contract/source.ts";
import { givenTree, withoutContents } from "./given-files.ts";

const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;
const file = (path: string, more: Partial<Extract<SourceEntry, { type: "file" }>> = {}): SourceEntry => ({
  type: "file",
  path,
  sha256: "a".repeat(64),
  size: 1,
  executable: false,
  ...more,
});
const base: SourceManifest = {
  entries: [
    file("server.js"),
    file("run.sh", { executable: true }),
    file("old/a"),
    file("old/b/c"),
    file("older"),
    { type: "link", path: "l", target: "older" },
  ],
};
const paths = ({ entries }: SourceManifest): Set<string> => new Set(entries.map(({ path }) => path));

test("files become a tree that is named by their contents", () => {
  const { manifest, contents } = givenTree([
    { path: "a.txt", text: "é" },
    { path: "b", base64: Buffer.from([0, 255]).toString("base64"), executable: true },
    { path: "empty", text: "" },
  ]);
  assert.deepEqual(
    manifest.entries.map((entry) => entry.type === "file" && [entry.path, entry.size, entry.executable]),
    [
      ["a.txt", 2, false],
      ["b", 2, true],
      ["empty", 0, false],
    ],
  );
  assert.deepEqual(new Set([...contents.values()].map(String)), new Set(["", "é", Buffer.from([0, 255]).toString()]));
});

test("over a base they take the place of what has their path, and the rest stays", () => {
  const { manifest, contents } = givenTree(
    [
      { path: "server.js", text: "new" },
      { path: "run.sh", text: "new" },
      { path: "added", text: "" },
    ],
    base,
  );
  assert.deepEqual(paths(manifest), new Set(["added", "l", "old/a", "old/b/c", "older", "run.sh", "server.js"]));
  const entryOf = (path: string) => manifest.entries.find((entry) => entry.path === path);
  assert.deepEqual(contents.size, 2);
  assert.partialDeepStrictEqual(entryOf("server.js"), { size: 3, executable: false });
  assert.partialDeepStrictEqual(entryOf("run.sh"), { size: 3, executable: true });
  assert.deepEqual(entryOf("older"), file("older"));
});

test("files and folders of the base are left out, and nothing else", () => {
  assert.deepEqual(paths(givenTree([], base, ["old", "l"]).manifest), new Set(["older", "run.sh", "server.js"]));
  assert.throws(() => givenTree([], base, ["ol"]), refused("invalid_input"));
});

test("more files, or more bytes, than a call may hold are refused", () => {
  const many = Array.from({ length: limit("givenFiles") + 1 }, (_, index) => ({ path: `f${index}`, text: "" }));
  assert.throws(() => givenTree(many), refused("too_large"));
  const half = "x".repeat(limit("givenBytes") / 2);
  givenTree([
    { path: "a", text: half },
    { path: "b", text: half },
  ]);
  assert.throws(
    () =>
      givenTree([
        { path: "a", text: half },
        { path: "b", text: half },
        { path: "c", text: "x" },
      ]),
    refused("too_large"),
  );
});

test("the journal gets paths and no contents", () => {
  const kept = withoutContents([{ path: "a", text: "precious" }]);
  assert.deepEqual(kept, { files: 1, paths: ["a"] });
});
