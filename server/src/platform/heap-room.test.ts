import assert from "node:assert/strict";
import { test } from "node:test";
import { giveBackHeapRoom } from "./heap-room.ts";

test("what a burst of objects took is given back once they are gone", () => {
  giveBackHeapRoom();
  const before = process.memoryUsage().heapTotal;
  for (let round = 0; round < 20; round += 1) JSON.parse(JSON.stringify(Array.from({ length: 50_000 }, (_, index) => ({ index }))));
  const burst = process.memoryUsage().heapTotal;
  giveBackHeapRoom();
  assert.ok(burst > before + 2 ** 23, "the burst took room");
  assert.ok(process.memoryUsage().heapTotal < before + (burst - before) / 4);
});
