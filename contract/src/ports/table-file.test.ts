import assert from "node:assert/strict";
import { test } from "node:test";
import { tableIn, tableText } from "./table-file.ts";

const table = { version: 7, platformHosts: ["slip.localhost"], hosts: {}, certificates: {}, proofKey: "0".repeat(64) };
const bytes = Buffer.from(tableText(table));

test("a table comes back as it was written, and what was written is JSON", () => {
  assert.deepEqual(tableIn(bytes.toString()), table);
  assert.deepEqual(JSON.parse(bytes.toString()).table, table);
});

test("whichever bit flips, there is no table", () => {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(tableIn(flipped.toString()), undefined, `bit ${bit}`);
  }
});

test("wherever it is cut off, and without its digest, there is no table", () => {
  for (let length = 0; length < bytes.length; length += 1) assert.equal(tableIn(bytes.subarray(0, length).toString()), undefined);
  assert.equal(tableIn(JSON.stringify(table)), undefined);
});
