import assert from "node:assert/strict";
import { test } from "node:test";
import { afterRunning, uptimeMs, WallClock, wallClock } from "./clock.ts";

const hour = 3_600_000;

/** A machine whose clock can be set; `pass` lets time go by. */
const machine = () => {
  const now = { wallMs: 1_800_000_000_000, uptimeMs: 50_000 };
  return {
    clock: new WallClock(() => ({ ...now })),
    wall: () => now.wallMs,
    pass: (ms: number) => {
      now.wallMs += ms;
      now.uptimeMs += ms;
    },
    set: (ms: number) => {
      now.wallMs += ms;
    },
  };
};

test("an age is what has passed", () => {
  const { clock, wall, pass } = machine();
  const before = wall();
  pass(5_000);
  assert.equal(clock.ageMs(before), 5_000);
});

for (const stepMs of [hour, -hour])
  test(`the clock is set by ${stepMs / hour} h: nothing gets older by that, from before or after`, () => {
    const { clock, wall, pass, set } = machine();
    const before = wall();
    pass(5_000);
    set(stepMs);
    const after = wall();
    pass(2_000);
    assert.ok(clock.ageMs(before) <= 7_000);
    assert.ok(clock.ageMs(after) <= 2_000);
    assert.equal(clock.distanceMs(before), 7_000);
    assert.equal(clock.distanceMs(after), 2_000);
  });

test("a clock that was wrong when the machine was started is forgotten once nothing of that time is young any more", () => {
  const { clock, wall, pass, set } = machine();
  set(50 * 365 * 24 * hour);
  assert.equal(clock.ageMs(wall() - 1_000), 0, "it is not known yet which time it is of");
  pass(hour + 1);
  const later = wall();
  pass(1_000);
  assert.equal(clock.ageMs(later), 1_000);
});

test("a clock that is kept right bit by bit stays right", () => {
  const { clock, wall, pass, set } = machine();
  for (let day = 0; day < 30; day += 1) {
    pass(24 * hour);
    set(-900);
    clock.times();
  }
  const later = wall();
  pass(1_000);
  assert.equal(clock.ageMs(later), 1_000);
});

test("a time that is yet to come has no age", () => {
  assert.equal(wallClock.ageMs(Date.now() + hour), 0);
  assert.ok(wallClock.distanceMs(Date.now() + hour) > hour - 60_000);
});

test("the machine's uptime goes forward with the time of a process", async () => {
  const [uptime, start] = [uptimeMs(), performance.now()];
  while (performance.now() - start < 60) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(uptimeMs() - uptime >= 40);
});

/** As a process that was sent SIGSTOP. */
const standStill = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test("a process that stood still has all of its time left for what came meanwhile", async () => {
  const happened: string[] = [];
  const cancel = afterRunning(300, () => happened.push("late"));
  setTimeout(() => setImmediate(() => happened.push("came")), 50);
  standStill(1_000);
  while (happened.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(happened, ["came"]);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.deepEqual(happened, ["came", "late"]);
  cancel();
});

test("what is called off does not happen", async () => {
  afterRunning(20, () => assert.fail("it happened"))();
  await new Promise((resolve) => setTimeout(resolve, 100));
});
