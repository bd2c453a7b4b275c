import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Turns } from "./turns.ts";

test("so many go on at once, each gets its turn, one that fails gives its place back", async () => {
  const turns = new Turns(2);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const act = async (number: number): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    order.push(number);
    await sleep(5);
    running -= 1;
    if (number === 1) throw new Error("one fails");
  };
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map((number) => turns.run(() => act(number))));
  assert.deepEqual([most, order], [2, [0, 1, 2, 3, 4]]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled"],
  );
});
