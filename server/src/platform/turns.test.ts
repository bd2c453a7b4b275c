import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.ts";

/** A thing to do that ends when it is told. */
const task = () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { act: () => promise, end: () => resolve() };
};
const soon = () => new Promise((resolve) => setImmediate(resolve));

test("no more than the allowed number run at once, the others in their order", async () => {
  const turns = new Turns(2);
  const began: number[] = [];
  const tasks = [0, 1, 2, 3].map(() => task());
  const all = tasks.map(({ act }, index) =>
    turns.run(() => {
      began.push(index);
      return act();
    }),
  );
  await soon();
  assert.deepEqual(began, [0, 1]);
  tasks[1]?.end();
  await all[1];
  await soon();
  assert.deepEqual(began, [0, 1, 2]);
  for (const { end } of tasks) end();
  await Promise.all(all);
  assert.deepEqual(began, [0, 1, 2, 3]);
});

test("one that no longer wants to wait leaves, and does not run", async () => {
  const turns = new Turns(1);
  const first = task();
  const running = turns.run(first.act);
  const gone = new AbortController();
  let ran = false;
  const waiting = turns.run(async () => {
    ran = true;
  }, gone.signal);
  gone.abort(new Error("changed my mind"));
  await assert.rejects(waiting, /changed my mind/);
  first.end();
  await running;
  await turns.run(async () => {});
  assert.equal(ran, false);
});

test("a turn whose act fails is given back", async () => {
  const turns = new Turns(1);
  await assert.rejects(
    turns.run(() => Promise.reject(new Error("no"))),
    /no/,
  );
  assert.equal(await turns.run(async () => 7), 7);
});
