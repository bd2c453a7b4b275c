import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Drains } from "./drains.ts";

test("the time to finish begins when it is seen for the first time, whatever the clock says", async () => {
  const drains = new Drains();
  const longAgo = { id: "a", retiredAt: new Date(0) };
  const yetToCome = { id: "b", retiredAt: new Date(Date.now() + 3_600_000) };
  assert.deepEqual([drains.waitedMs(longAgo), drains.waitedMs(yetToCome)], [0, 0]);
  await pause(20);
  for (const it of [longAgo, yetToCome]) assert.ok(drains.waitedMs(it) >= 19);
});

test("one that served again, or was forgotten, has all of its time", async () => {
  const drains = new Drains();
  const [first, second] = [new Date(1_000), new Date(2_000)];
  drains.waitedMs({ id: "a", retiredAt: first });
  await pause(20);
  assert.equal(drains.waitedMs({ id: "a", retiredAt: second }), 0);
  await pause(20);
  drains.forget("a");
  assert.equal(drains.waitedMs({ id: "a", retiredAt: second }), 0);
});
