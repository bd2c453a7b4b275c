import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { changed, changedTree, expectTree, type SourceEntry, SourceManifest, sourceDigest } from "./source.ts";
import { SourcePath } from "./source-path.ts";

const file = (path: string, digit = "0"): SourceEntry => ({ type: "file", path, sha256: digit.repeat(64), size: 0, executable: false });
const link = (path: string, target: string): SourceEntry => ({ type: "link", path, target });

test("links stay inside the tree or are refused", () => {
  const cases: [string, string, boolean][] = [
    ["a", "b", true],
    ["a/b", "../c", true],
    ["a/b", "../../c", false],
    ["a", "..", false],
    ["a", "/etc/passwd", false],
    ["a/b/c", "../../d/./e", true],
    ["a/b/c", "./.././../d", true],
    ["a/b/c", "../../../d", false],
    ["a/b/c", "x/../d", false],
    ["a", "x/..", false],
    ["a", "b/../../c", false],
    ["a", "x\0y", false],
    ["a", "..b", true],
  ];
  for (const [path, target, expected] of cases) {
    const check = (): void => expectTree([link(path, target)]);
    if (expected) check();
    else assert.throws(check, { code: "source_unsafe" }, `${path} -> ${target}`);
  }
});

test("a path is one that every file system of ours can keep", () => {
  const fits = ["a", "a/b", "...", "..b", "a b", "new\nline", "é", "x".repeat(255), "-rf", ".GIT", "CON", "a\\b", ".git/hooks/x"];
  const not = ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.", "a\0b", "x".repeat(256), "é".repeat(128), `${"x/".repeat(600)}x`, "\ud800"];
  for (const path of fits) assert.ok(SourcePath.safeParse(path).success, JSON.stringify(path));
  for (const path of not) assert.ok(!SourcePath.safeParse(path).success, JSON.stringify(path));
});

test("a path is looked at part by part, however plain it is", () => {
  const parts = fc.array(fc.constantFrom("a", "x".repeat(99), "x".repeat(101), "-", "b.c", ".", "..", ".d", "", "é", "@e+f", "\0", " "), { maxLength: 12 });
  const isKept = (path: string): boolean => path.length > 0 && path.length <= 1_024 && path.split("/").every((part) => !["", ".", "..", "\0"].includes(part));
  fc.assert(fc.property(parts, (all) => assert.equal(SourcePath.safeParse(all.join("/")).success, isKept(all.join("/")), all.join("/"))));
});

test("no other kind of entry is known", () => {
  for (const entry of [
    { type: "device", path: "a" },
    { type: "file", path: "a", sha256: "../../../etc/passwd", size: 1, executable: false },
    { type: "file", path: "a", sha256: "A".repeat(64), size: 1, executable: false },
    { type: "file", path: "a", sha256: "a".repeat(64), size: -1, executable: false },
    { type: "file", path: "a", sha256: "a".repeat(64), size: 1.5, executable: false },
    { type: "link", path: "a", target: "" },
    { type: "link", path: "a", target: "\ud800" },
  ])
    assert.ok(!SourceManifest.safeParse({ entries: [entry] }).success, JSON.stringify(entry));
});

const unsafe: readonly [string, SourceEntry[]][] = [
  ["a link to an absolute path", [link("a", "/etc/passwd")]],
  ["a link above the tree", [link("a", "../x")]],
  ["a link above the tree from a folder", [link("b/a", "../../x")]],
  ["a link that goes up on its way", [link("a", "b/../../x")]],
  ["a file below a link", [link("a", "b"), file("a/x")]],
  ["a file below a file", [file("a"), file("a/x")]],
  ["a path twice", [file("a"), file("a")]],
];
for (const [what, entries] of unsafe) test(`${what} is refused`, () => assert.throws(() => expectTree(entries), { code: "source_unsafe" }));

test("links inside the tree are accepted", () => expectTree([link("a", "b"), link("c/d", "../b/./x"), link("e", ".")]));

const entries = fc.array(
  fc
    .tuple(fc.constantFrom("a", "a/b", "a/b/c", "a-b", "d/e", "d", 'q"\\\n', "é/\u2028"), fc.constantFrom("../x", "b", undefined), fc.constantFrom("0", "1"))
    .map(([path, target, digit]): SourceEntry => (target === undefined ? file(path, digit) : link(path, target))),
  { maxLength: 4 },
);
const isTree = (all: readonly SourceEntry[]): boolean => {
  try {
    expectTree(all);
    return true;
  } catch {
    return false;
  }
};

test("a changed tree is refused where what it becomes would be refused whole", () => {
  fc.assert(
    fc.property(entries.filter(isTree), entries, fc.array(fc.constantFrom("a", "d/e", "x")), (before, change, removed) => {
      const after = changed({ entries: before }, { entries: change, removed });
      if (isTree(after.entries)) assert.deepEqual(changedTree({ entries: before }, { entries: change, removed }), after);
      else assert.throws(() => changedTree({ entries: before }, { entries: change, removed }), { code: "source_unsafe" });
    }),
    { numRuns: 2_000 },
  );
});

test("the digest is that of one line of JSON for each entry", () => {
  const fieldsOf = (entry: SourceEntry): unknown[] =>
    entry.type === "file" ? ["file", entry.path, entry.sha256, entry.size, entry.executable] : ["link", entry.path, entry.target];
  fc.assert(
    fc.property(entries.filter(isTree), (all) => {
      const ordered = all.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
      const text = ordered.map((entry) => `${JSON.stringify(fieldsOf(entry))}\n`).join("");
      assert.equal(sourceDigest({ entries: all }), `sha256:${hash("sha256", text)}`);
    }),
  );
});
