import assert from "node:assert/strict";
import { test } from "node:test";
import { limit } from "@slipstream/contract/limits.ts";
import { whyOf } from "./beyond.ts";
import { beyondCaps, capsOf, isBounded, settingsWithin, wishedBy } from "./caps.ts";

const megabyte = 2 ** 20;

test("what slip.toml does not say is as usual, and what the call says stands over it", () => {
  assert.deepEqual(wishedBy({}), { memoryBytes: limit("memoryBytes"), instances: limit("instances") });
  assert.deepEqual(wishedBy({ run: { memory: megabyte, instances: 3 } }), { memoryBytes: megabyte, instances: 3 });
  assert.deepEqual(wishedBy({ run: { instances: 3 } }, 2).instances, 2);
  assert.deepEqual(wishedBy({ scale: { max: 7 } }, 2).instances, 7, "what it may come to have");
});

test("as much as the grant allows is within it, one more is not, and no grant bounds nothing", () => {
  const caps = capsOf({ verbs: [], limits: { memoryBytes: 64 * megabyte, instances: 2 } });
  const wished = { memoryBytes: 64 * megabyte, instances: 2 };
  assert.deepEqual(beyondCaps(caps, wished), []);
  const greedy = beyondCaps(caps, { ...wished, memoryBytes: 65 * megabyte });
  assert.deepEqual(greedy, [{ kind: "memory", memoryBytes: 65 * megabyte, allowedBytes: 64 * megabyte }]);
  assert.equal(settingsWithin(greedy), '[run] memory = "64MB"');
  const many = beyondCaps(caps, { ...wished, instances: 3 });
  assert.deepEqual(many, [{ kind: "instances", instances: 3, allowed: 2 }]);
  assert.equal(settingsWithin(many), "[run] instances = 2, and no more as max of [scale]");
  const most = { memoryBytes: Number.MAX_SAFE_INTEGER, instances: 32 };
  for (const free of [undefined, capsOf({ verbs: [] })]) assert.deepEqual(beyondCaps(free, most), []);
  assert.deepEqual([undefined, { memoryBytes: 0 }, { instances: 0 }, {}].map(isBounded), [false, true, true, false]);
});

test("a bound of nothing is a bound", () => {
  assert.equal(beyondCaps({ memoryBytes: 0 }, wishedBy({})).length, 1);
  assert.equal(beyondCaps({ instances: 0 }, wishedBy({})).length, 1);
});

test("all that is beyond is named, so that nobody approves what was not said", () => {
  const beyond = beyondCaps({ memoryBytes: 2 ** 20, instances: 1 }, { memoryBytes: 2 ** 30, instances: 32 });
  assert.match(whyOf(beyond), /1GB of memory.* 32 instances/);
  assert.match(settingsWithin(beyond), /memory = "1MB" and \[run\] instances = 1/);
});

test("what was lifted raises a bound as far as it was named, and makes none", () => {
  const lifted = [
    { kind: "memory", memoryBytes: 2 ** 30, allowedBytes: 0 },
    { kind: "builds", allowed: 1 },
  ] as const;
  assert.deepEqual(capsOf({ verbs: [], limits: { memoryBytes: 0, instances: 2 } }, lifted), { memoryBytes: 2 ** 30, instances: 2 });
  assert.deepEqual(capsOf({ verbs: [], limits: { memoryBytes: 2 ** 31 } }, lifted), { memoryBytes: 2 ** 31, instances: undefined });
  assert.deepEqual(capsOf({ verbs: [] }, lifted), { memoryBytes: undefined, instances: undefined });
  assert.equal(capsOf(undefined, lifted), undefined);
});
