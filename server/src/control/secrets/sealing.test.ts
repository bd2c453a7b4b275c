import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { keyFile, sealingWith } from "./sealing.ts";

const place = ["local", "app_1", "TOKEN", "1"];

test("a value opens with its key and at its place only", () => {
  const sealing = sealingWith(randomBytes(32));
  const sealed = sealing.seal("hunter2 ☂", place);
  assert.equal(sealing.open(sealed, place), "hunter2 ☂");
  assert.ok(!sealed.toString("latin1").includes("hunter2"));
  assert.throws(() => sealing.open(sealed, ["local", "app_1", "TOKEN", "2"]));
  assert.throws(() => sealing.open(sealed, ["local", "app_1", "TOKEN,1"]));
  assert.throws(() => sealingWith(randomBytes(32)).open(sealed, place));
});

test("a value that was changed does not open", () => {
  const sealing = sealingWith(randomBytes(32));
  const sealed = sealing.seal("hunter2", place);
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed);
    changed[index] = (changed[index] ?? 0) ^ 1;
    assert.throws(() => sealing.open(changed, place), `byte ${index}`);
  }
});

test("the same value is sealed differently each time", () => {
  const sealing = sealingWith(randomBytes(32));
  assert.notDeepEqual(sealing.seal("x", place), sealing.seal("x", place));
});

test("a key is made once, for its owner alone", () => {
  const folder = mkdtempSync(join(tmpdir(), "slip-key-"));
  try {
    const path = join(folder, "sealing.key");
    const key = keyFile(path);
    assert.equal(key.length, 32);
    assert.deepEqual(keyFile(path), key);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
