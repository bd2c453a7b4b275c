import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { findProgram } from "#platform/programs.ts";
import { goOf, troubleOf } from "./origin.ts";

const header = (version: string, flags = 2): Buffer => {
  const bytes = Buffer.alloc(64);
  bytes.write("\xff Go buildinf:\x08", "latin1");
  bytes[15] = flags;
  bytes[32] = version.length;
  bytes.write(version, 33);
  return bytes;
};

test("a program of Go says by which version it was made", () => {
  assert.equal(goOf(header("go1.25.3")), "go1.25.3");
  assert.equal(goOf(Buffer.concat([Buffer.alloc(1_024), header("go1.24")])), "go1.24");
});

test("what only looks like it says nothing", () => {
  assert.equal(goOf(Buffer.alloc(64)), undefined);
  assert.equal(goOf(Buffer.concat([Buffer.alloc(3), header("go1.25.3")])), undefined, "not where Go puts it");
  assert.equal(goOf(header("go1.17", 0)), undefined, "the form of before Go 1.18");
  assert.equal(goOf(Buffer.concat([Buffer.alloc(3), header("x"), Buffer.alloc(13), header("go1.26")])), "go1.26", "the true one comes later");
});

const runsc = findProgram("runsc");
test("so does runsc", { skip: runsc === undefined && "runsc is not installed" }, () => {
  assert.match(goOf(readFileSync(runsc ?? "")) ?? "", /^go1\.\d+/);
});

test("a runsc that was made by a later Go than it knows is of no use", () => {
  assert.match(troubleOf("runsc version 0.0~20240729.0", "go1.26.2") ?? "", /^runsc of 20240729 was made by go1\.26\.2, which it does not know/);
  for (const [version, go] of [
    ["runsc version 0.0~20240729.0", "go1.24.4"],
    ["runsc version 0.0~20221219.0", "go1.19.8"],
    ["runsc version release-20251110.0", "go1.25.3"],
    ["runsc version VERSION_MISSING", "go1.25.3"],
    ["runsc version 0.0~20240729.0", undefined],
  ] as const)
    assert.equal(troubleOf(version, go), undefined, `${version}, ${go}`);
});
