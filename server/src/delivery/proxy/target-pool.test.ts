import assert from "node:assert/strict";
import { test } from "node:test";
import { EdgeClock } from "./clock.ts";
import { edgeLimits } from "./edge-limits.ts";
import { chooseTarget, TargetPool } from "./target-pool.ts";

const pool = (load: number, refusedUntil = 0): TargetPool => {
  const made = new TargetPool("127.0.0.1:1", { limits: edgeLimits(), clock: new EdgeClock() });
  made.load = load;
  made.refusedUntil = refusedUntil;
  return made;
};
/** Gives these numbers one after another. */
const sequence =
  (...values: number[]) =>
  () =>
    values.shift() ?? 0;

test("the less busy of two is chosen", () => {
  const [idle, busy] = [pool(1), pool(5)];
  assert.equal(chooseTarget([idle, busy], { now: 0, random: sequence(0, 0.9) }), idle);
  assert.equal(chooseTarget([idle, busy], { now: 0, random: sequence(0.9, 0) }), idle);
});

test("one that refused is left alone for as long as another is there", () => {
  const [fit, refused] = [pool(9), pool(0, 100)];
  for (const value of [0, 0.5, 0.99]) assert.equal(chooseTarget([refused, fit], { now: 50, random: () => value }), fit);
  assert.equal(chooseTarget([refused, fit], { now: 150, random: () => 0 }), refused);
  assert.equal(chooseTarget([refused], { now: 50 }), refused);
});

test("one that has just been tried is not tried again", () => {
  const [one, other] = [pool(0), pool(9, 100)];
  assert.equal(chooseTarget([one, other], { now: 50, except: one }), other);
  assert.equal(chooseTarget([one], { now: 0, except: one }), undefined);
  assert.equal(chooseTarget([], { now: 0 }), undefined);
});
