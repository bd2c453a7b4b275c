import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIntegers, parseTexts, serializeIntegers, serializeTexts } from "./arrays.ts";

test("texts come back as they were", () => {
  for (const texts of [[], ["a"], ["a", "b"], [""], ['"', "\\", "a,b", "{}", "two\nlines", "NULL", " "]])
    assert.deepEqual(parseTexts(serializeTexts(texts)), texts);
});

test("what the server does not quote is read", () => {
  assert.deepEqual(parseTexts("{read,deploy}"), ["read", "deploy"]);
  assert.deepEqual(parseTexts('{read,"a \\"b\\"",""}'), ["read", 'a "b"', ""]);
});

test("integers come back as they were", () => {
  for (const integers of [[], [1], [1, -2, 2_147_483_647]]) assert.deepEqual(parseIntegers(serializeIntegers(integers)), integers);
});
