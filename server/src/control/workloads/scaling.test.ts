import assert from "node:assert/strict";
import { test } from "node:test";
import { advised, expectWithin, type Need, needed, scaleOf, startingInstances } from "./scaling.ts";

const scale = scaleOf({ min: 1, max: 5, requests: 10, cpu: 0.5, down: 60_000 });

test("as many are needed as carry the requests, or the work, whichever are more", () => {
  const need = (requests: number, cores: number, instances = 1, cpus = 1): number => needed({ requests, cores }, { instances, cpus, scale });
  assert.deepEqual([need(0, 0), need(9, 0), need(25, 0), need(500, 0)], [1, 1, 3, 5]);
  assert.deepEqual([need(0, 0.9), need(0, 0.9, 1, 2), need(25, 1.9)], [2, 1, 4]);
});

test("about as many as there are, are enough", () => {
  const need = (requests: number, instances: number): number => needed({ requests, cores: 0 }, { instances, cpus: 1, scale });
  assert.deepEqual([need(10.9, 1), need(11.1, 1), need(31, 3), need(28, 3), need(26, 3)], [1, 2, 3, 3, 3]);
});

const every2s = (...instances: number[]): Need[] => instances.map((count, index) => ({ at: index * 2_000, instances: count }));

test("there are more when more were needed for a while, and not for a moment", () => {
  const more = (...needs: number[]): number => advised(every2s(...needs), { instances: 2, scale, now: (needs.length - 1) * 2_000 });
  assert.deepEqual([more(2, 4, 5, 4), more(2, 2, 2, 5), more(5, 5, 2), more(5), more(3, 4)], [4, 2, 2, 2, 2]);
});

test("there are fewer when as many were not needed for long, and never because of a pause", () => {
  const calm = Array.from({ length: 31 }, () => 1);
  const fewer = (...needs: number[]): number => advised(every2s(...needs), { instances: 4, scale, now: (needs.length - 1) * 2_000 });
  assert.equal(fewer(...calm), 1);
  assert.equal(fewer(...calm.slice(1)), 4, "a minute is not over");
  assert.equal(fewer(...calm.with(15, 3)), 3, "three were needed half a minute ago");
  assert.equal(fewer(...calm.with(15, 4)), 4);
});

test("a load that swings changes nothing while the swings are shorter than the time to come down", () => {
  const needs: Need[] = [];
  let instances = 1;
  const seen = new Set<number>();
  for (let at = 0; at <= 600_000; at += 2_000) {
    const requests = at % 40_000 < 20_000 ? 38 : 2;
    needs.push({ at, instances: needed({ requests, cores: 0 }, { instances, cpus: 1, scale }) });
    instances = advised(needs, { instances, scale, now: at });
    if (at > 10_000) seen.add(instances);
  }
  assert.deepEqual([...seen], [4]);
});

test("what is out of the bounds is brought back at once", () => {
  const of = (instances: number): number => advised([], { instances, scale: { ...scale, min: 2 }, now: 0 });
  assert.deepEqual([of(1), of(2), of(5), of(9)], [2, 2, 5, 5]);
});

test("a release begins with what it takes the place of, where it scales by itself", () => {
  const app = { instances: 2, serving: 4 };
  assert.equal(startingInstances({ asked: undefined, app, config: {} }), 2);
  assert.equal(startingInstances({ asked: undefined, app, config: { scale: { max: 10 } } }), 4);
  assert.equal(startingInstances({ asked: undefined, app, config: { scale: { max: 3 } } }), 3);
  assert.equal(startingInstances({ asked: undefined, app: { instances: null, serving: 0 }, config: { scale: {} } }), 1);
  assert.equal(startingInstances({ asked: 9, app, config: { scale: { min: 2, max: 6 } } }), 6);
  assert.equal(startingInstances({ asked: undefined, app: undefined, config: { run: { instances: 3 } } }), 3);
});

test("without a word there are at most four, and none has to run", () => {
  assert.deepEqual(scaleOf({}), { min: 0, max: 4, requests: 20, cpu: 0.8, downMs: 120_000 });
  assert.equal(scaleOf({ min: 6 }).max, 6);
});

test("a number beyond the bounds of slip.toml is refused, as the app would leave it at once", () => {
  const asked = (config: Parameters<typeof expectWithin>[0], instances: number) => () => expectWithin(config, { app: "shop", instances });
  const refusal = { code: "invalid_input", message: "The app shop has 2 to 3 instances, by [scale] of its slip.toml." };
  for (const instances of [1, 4]) assert.throws(asked({ scale: { min: 2, max: 3 } }, instances), refusal);
  assert.throws(asked({ scale: {} }, 5), { message: "The app shop has 1 to 4 instances, by [scale] of its slip.toml." });
  for (const instances of [2, 3]) assert.doesNotThrow(asked({ scale: { min: 2, max: 3 } }, instances));
  assert.doesNotThrow(asked({}, 32));
});
