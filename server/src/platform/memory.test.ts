import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryOf, memoryOfFamily, parseShare } from "./memory.ts";

test("the share is read in bytes", () => {
  assert.equal(parseShare("55d0-7ffd ---p 00000000 00:00 0 [rollup]\nRss:  200 kB\nPss:      100 kB\nPss_Dirty: 7 kB\n"), 102_400);
  assert.equal(parseShare(""), undefined);
});

test("a process that runs takes memory, its family not less, one that is gone none", () => {
  const own = memoryOf(process.pid) ?? 0;
  assert.ok(own > 5 * 2 ** 20 && own < 2 ** 30);
  assert.ok((memoryOfFamily(process.pid) ?? 0) >= own / 2);
  assert.equal(memoryOf(2 ** 22 + 1), undefined);
});
