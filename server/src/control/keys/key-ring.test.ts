import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { keyFile, makeSealingKey, readSealingKeys, replaceSealingKey } from "./key-files.ts";
import { KeyRing } from "./key-ring.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slip-keys-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const place = ["local", "app_1", "TOKEN", "1"];
const path = () => join(folder, "sealing.key");

test("a key is made once, for its owner alone", () => {
  makeSealingKey(folder);
  const key = readFileSync(path());
  makeSealingKey(folder);
  assert.deepEqual(readFileSync(path()), key);
  assert.equal(key.length, 32);
  assert.equal(statSync(path()).mode & 0o777, 0o600);
});

test("a key that is missing, empty, cut off or too long is none", () => {
  assert.throws(() => readSealingKeys(folder), { code: "key_missing" });
  for (const length of [0, 1, 31, 33]) {
    writeFileSync(path(), randomBytes(length));
    assert.throws(() => readSealingKeys(folder), { code: "key_missing" }, `${length} bytes`);
    assert.throws(() => keyFile(path()), { code: "key_missing" }, `${length} bytes are not replaced`);
  }
});

test("only of a key that nothing needs it is said that it may be removed", () => {
  writeFileSync(path(), "");
  const next = (read: () => unknown): string => {
    try {
      read();
    } catch (error) {
      return error instanceof SlipError ? error.next : String(error);
    }
    return "";
  };
  assert.match(
    next(() => keyFile(path())),
    /^Remove the file/,
  );
  assert.match(
    next(() => readSealingKeys(folder)),
    /^Put the file back/,
  );
});

test("what was sealed opens before, in and after a change of the key", () => {
  makeSealingKey(folder);
  const ring = new KeyRing(folder);
  const before = ring.current;
  const old = ring.seal("hunter2", place);
  const id = ring.prepare();
  assert.equal(ring.prepare(), id, "another try has the same key");
  assert.equal(ring.seal("x", place).keyId, before, "it does not seal yet");
  ring.take();
  const anew = ring.seal("hunter3", place);
  assert.deepEqual([ring.current, ring.others, anew.keyId], [id, [before], id]);
  for (const each of [ring, new KeyRing(folder)]) assert.deepEqual([each.open(old, place), each.open(anew, place)], ["hunter2", "hunter3"]);
  ring.drop(before);
  assert.deepEqual(readdirSync(folder), ["sealing.key"]);
  assert.deepEqual(new KeyRing(folder).others, []);
  assert.throws(() => new KeyRing(folder).open(old, place), /is not there/);
  assert.throws(() => ring.drop(id));
});

test("a crash between the two files of a change leaves the key in use", () => {
  makeSealingKey(folder);
  const before = readFileSync(path());
  replaceSealingKey(folder);
  assert.notDeepEqual(readFileSync(path()), before);
  writeFileSync(path(), before);
  const ring = new KeyRing(folder);
  assert.deepEqual(ring.others, [], "a copy of the key in use is no other key");
  assert.ok(ring.open(ring.seal("x", place), place));
});
