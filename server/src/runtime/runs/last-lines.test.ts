import assert from "node:assert/strict";
import { test } from "node:test";
import { LastLines } from "./last-lines.ts";

const linesOf = (last: LastLines): string[] => last.lines.map(({ text }) => text);

test("the last lines are kept, within their number and their bytes", () => {
  const last = new LastLines({ lines: 3, bytes: 10 });
  for (const text of ["1", "2", "3", "4"]) last.add({ stream: "stdout", text });
  assert.deepEqual([linesOf(last), last.omitted], [["2", "3", "4"], 1]);
  last.add({ stream: "stderr", text: "é".repeat(4) });
  assert.deepEqual([linesOf(last), last.omitted], [["3", "4", "éééé"], 2]);
  last.add({ stream: "stderr", text: "x".repeat(11) });
  assert.deepEqual([linesOf(last), last.omitted], [[], 6], "one that is too long by itself is not kept either");
});
