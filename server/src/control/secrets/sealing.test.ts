import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { keyIdOf, openWith, sealWith } from "./sealing.ts";

const place = ["local", "app_1", "TOKEN", "1"];
const key = randomBytes(32);

test("a value opens with its key and at its place only", () => {
  const sealed = sealWith(key, "hunter2 ☂", place);
  assert.equal(openWith(key, sealed, place), "hunter2 ☂");
  assert.ok(!sealed.toString("latin1").includes("hunter2"));
  assert.throws(() => openWith(key, sealed, ["local", "app_1", "TOKEN", "2"]));
  assert.throws(() => openWith(key, sealed, ["local", "app_1", "TOKEN,1"]));
  assert.throws(() => openWith(randomBytes(32), sealed, place));
});

test("a value that was changed does not open", () => {
  const sealed = sealWith(key, "hunter2", place);
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed);
    changed[index] = (changed[index] ?? 0) ^ 1;
    assert.throws(() => openWith(key, changed, place), `byte ${index}`);
  }
});

test("the same value is sealed differently each time", () => {
  assert.notDeepEqual(sealWith(key, "x", place), sealWith(key, "x", place));
});

test("a key has one name, and another key another", () => {
  assert.equal(keyIdOf(key), keyIdOf(Buffer.from(key)));
  assert.notEqual(keyIdOf(key), keyIdOf(randomBytes(32)));
  assert.ok(!key.toString("hex").includes(keyIdOf(key)));
});
