import assert from "node:assert/strict";
import { test } from "node:test";
import { openFilesMax, openFilesOf } from "./open-files.ts";

const limitsOf = (soft: string): string => `Limit                     Soft Limit           Hard Limit           Units
Max processes             96365                96365                processes
Max open files            ${soft.padEnd(20)} 524288               files
`;

test("the number of files is the one that the kernel holds the process to", () => {
  assert.equal(openFilesOf(limitsOf("1024")), 1_024);
  assert.equal(openFilesOf(limitsOf("unlimited")), Number.POSITIVE_INFINITY);
  assert.ok(openFilesMax() > 100);
});
