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
  const waiting = turns.run(
    async () => {
      ran = true;
    },
    { signal: gone.signal },
  );
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

test("the heavy waits until there is room for it, and those behind it wait too", async () => {
  const turns = new Turns(10);
  const began: string[] = [];
  const told: number[] = [];
  const begin = (name: string, weight: number, { act }: ReturnType<typeof task>, signal?: AbortSignal) =>
    turns.run(
      () => {
        began.push(name);
        return act();
      },
      { weight, waits: (ahead) => told.push(ahead), ...(signal && { signal }) },
    );
  const [first, heavy, light] = [task(), task(), task()];
  const all = [begin("first", 4, first), begin("heavy", 99, heavy), begin("light", 1, light)];
  await soon();
  assert.deepEqual(began, ["first"]);
  assert.deepEqual(told, [1, 2]);
  first.end();
  await all[0];
  await soon();
  assert.deepEqual(began, ["first", "heavy"], "more than all that there is runs alone");
  heavy.end();
  light.end();
  await Promise.all(all);
  assert.deepEqual(began, ["first", "heavy", "light"]);
});

test("when the one in front leaves, those behind it need not wait for its room", async () => {
  const turns = new Turns(2);
  const [first, light] = [task(), task()];
  const gone = new AbortController();
  const running = turns.run(first.act);
  const heavy = turns.run(async () => {}, { weight: 2, signal: gone.signal });
  let ran = false;
  const behind = turns.run(() => {
    ran = true;
    return light.act();
  });
  gone.abort(new Error("changed my mind"));
  await assert.rejects(heavy, /changed my mind/);
  await soon();
  assert.equal(ran, true);
  first.end();
  light.end();
  await Promise.all([running, behind]);
});

test("who comes with a little need not wait for all of another who came with much", async () => {
  const turns = new Turns(2);
  const began: string[] = [];
  const tasks: ReturnType<typeof task>[] = [];
  const begin = (of: string, name: string): Promise<void> => {
    const it = task();
    tasks.push(it);
    return turns.run(
      () => {
        began.push(name);
        return it.act();
      },
      { of },
    );
  };
  const all = ["a1", "a2", "a3", "a4", "b1", "c1", "b2"].map((name) => begin(name.charAt(0), name));
  for (const [index] of all.entries()) {
    await soon();
    tasks[["a1", "a2", "a3", "a4", "b1", "c1", "b2"].indexOf(began[index] ?? "")]?.end();
  }
  await Promise.all(all);
  assert.deepEqual(began, ["a1", "a2", "b1", "a3", "c1", "a4", "b2"]);
});
