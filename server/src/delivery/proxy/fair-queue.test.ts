import assert from "node:assert/strict";
import { test } from "node:test";
import { FairQueue } from "./fair-queue.ts";

const all = (): boolean => true;
const queueOf = (...networks: string[]) => {
  const queue = new FairQueue<{ network: string; name: string }>();
  const waiting = networks.map((network, index) => ({ network, name: `${network}${index}` }));
  for (const one of waiting) queue.add(one);
  return { queue, waiting };
};

test("clients take turns, and what one asked first comes first", () => {
  const { queue } = queueOf("a", "a", "a", "b", "c");
  assert.deepEqual(
    Array.from({ length: 6 }, () => queue.take(all)?.name),
    ["a0", "b3", "c4", "a1", "a2", undefined],
  );
});

test("a client that may have nothing more is passed over, and keeps its place", () => {
  const { queue } = queueOf("a", "b", "b");
  assert.equal(queue.take((network) => network !== "a")?.name, "b1");
  assert.equal(queue.take(all)?.name, "a0");
});

test("what is withdrawn is not counted any more", () => {
  const { queue, waiting } = queueOf("a", "a");
  const [first = assert.fail()] = waiting;
  assert.deepEqual([queue.delete(first), queue.delete(first), queue.size, queue.of("a")], [true, false, 1, 1]);
  assert.equal(queue.take(all)?.name, "a1");
  assert.deepEqual([queue.size, queue.of("a")], [0, 0]);
});
