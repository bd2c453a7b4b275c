import assert from "node:assert/strict";
import { test } from "node:test";
import { declaredRequirements, lockedRequirements } from "./poetry.ts";

const constraints: readonly [unknown, string][] = [
  ["^1.2.3", "x>=1.2.3,<2"],
  ["^0.2.3", "x>=0.2.3,<0.3"],
  ["^0.0.3", "x>=0.0.3,<0.0.4"],
  ["^3", "x>=3,<4"],
  ["~1.2.3", "x>=1.2.3,<1.3"],
  ["~1", "x>=1,<2"],
  ["~=1.4", "x~=1.4"],
  ["1.2.*", "x==1.2.*"],
  ["2.0.1", "x==2.0.1"],
  [">=1,<2,!=1.5", "x>=1,<2,!=1.5"],
  ["*", "x"],
  [{ version: "^2", extras: ["a", "b"], markers: "sys_platform == 'linux'" }, "x[a,b]>=2,<3 ; sys_platform == 'linux'"],
];
for (const [constraint, requirement] of constraints)
  test(`${JSON.stringify(constraint)} is '${requirement}'`, () => assert.deepEqual(declaredRequirements({ python: "^3.9", x: constraint }), [requirement]));

test("what is optional is left out", () => assert.deepEqual(declaredRequirements({ x: { version: "1", optional: true } }), []));
for (const other of [{ git: "https://h/a.git" }, { path: "../a" }, "^1 || ^2"])
  test(`${JSON.stringify(other)} is for Poetry itself`, () => assert.equal(declaredRequirements({ x: other }), undefined));

const entry = (name: string, more = "", files = `files = [{file = "a", hash = "sha256:1"}, {file = "b", hash = "sha256:2"}]`): string =>
  `[[package]]\nname = "${name}"\nversion = "1.0"\n${more}\n${files}\n`;

test("a lock file is a requirements file with hashes, without what is for development", () => {
  const text = [
    entry("a"),
    entry("b", `optional = true`),
    entry("c", `groups = ["dev"]`),
    entry("d", `groups = ["main", "dev"]\nmarkers = "os_name == 'nt'"`),
    entry("e", `category = "dev"`),
    entry("f", `markers = {main = "python_version < '3'", dev = "x"}`),
  ].join("\n");
  assert.deepEqual(lockedRequirements(text), [
    "a==1.0 --hash=sha256:1 --hash=sha256:2",
    "d==1.0 ; os_name == 'nt' --hash=sha256:1 --hash=sha256:2",
    "f==1.0 ; python_version < '3' --hash=sha256:1 --hash=sha256:2",
  ]);
});

test("an older lock file has its hashes apart", () =>
  assert.deepEqual(lockedRequirements(`${entry("a", "", "")}\n[metadata.files]\na = [{file = "a", hash = "sha256:9"}]\n`), ["a==1.0 --hash=sha256:9"]));

for (const text of ["not toml", entry("a", "", ""), `${entry("a")}[package.source]\ntype = "git"\nurl = "https://h/a"\n`])
  test(`${JSON.stringify(text.slice(0, 20))}… is for Poetry itself`, () => assert.equal(lockedRequirements(text), undefined));
