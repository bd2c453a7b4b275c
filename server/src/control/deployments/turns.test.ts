import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Turns } from "./turns.ts";

test("work of one app is done one after the other in its order, that of another app meanwhile", async () => {
  const turns = new Turns();
  const done: string[] = [];
  const work = (name: string, ms: number) => async (): Promise<string> => {
    done.push(`${name} begins`);
    await sleep(ms);
    done.push(`${name} ends`);
    return name;
  };
  const all = [turns.take("a", work("a1", 40)), turns.take("a", work("a2", 1)), turns.take("b", work("b1", 5))];
  assert.deepEqual(await Promise.all(all), ["a1", "a2", "b1"]);
  assert.deepEqual(done, ["a1 begins", "b1 begins", "b1 ends", "a1 ends", "a2 begins", "a2 ends"]);
});

test("work that fails does not hold up what comes after it", async () => {
  const turns = new Turns();
  const failing = turns.take("a", async () => {
    throw new Error("broken");
  });
  const next = turns.take("a", async () => "fine");
  await assert.rejects(failing, /broken/);
  assert.equal(await next, "fine");
});

test("an app is idle when nothing of it is done or waits", async () => {
  const turns = new Turns();
  assert.equal(turns.isIdle("a"), true);
  const [first, second] = [turns.take("a", () => sleep(5)), turns.take("a", () => sleep(5))];
  assert.deepEqual([turns.isIdle("a"), turns.isIdle("b")], [false, true]);
  await first;
  assert.equal(turns.isIdle("a"), false);
  await second;
  await sleep(0);
  assert.equal(turns.isIdle("a"), true);
});
