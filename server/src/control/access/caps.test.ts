import assert from "node:assert/strict";
import { test } from "node:test";
import { limit } from "@slipstream/contract/limits.ts";
import { beyondCaps, capsOf, isBounded, wishedBy } from "./caps.ts";

const megabyte = 2 ** 20;

test("what slip.toml does not say is as usual, and what the call says stands over it", () => {
  assert.deepEqual(wishedBy({}), { memoryBytes: limit("memoryBytes"), instances: limit("instances") });
  assert.deepEqual(wishedBy({ run: { memory: megabyte, instances: 3 } }), { memoryBytes: megabyte, instances: 3 });
  assert.deepEqual(wishedBy({ run: { instances: 3 } }, 2).instances, 2);
});

test("as much as the grant allows is within it, one more is not, and no grant bounds nothing", () => {
  const caps = capsOf({ verbs: [], limits: { memoryBytes: 64 * megabyte, instances: 2 } });
  const wished = { memoryBytes: 64 * megabyte, instances: 2 };
  assert.equal(beyondCaps(caps, wished), undefined);
  assert.deepEqual(beyondCaps(caps, { ...wished, memoryBytes: 65 * megabyte }), {
    why: "An instance would have 65MB of memory; the grant allows 64MB.",
    within: '[run] memory = "64MB"',
  });
  assert.deepEqual(beyondCaps(caps, { ...wished, instances: 3 }), {
    why: "There would be 3 instances; the grant allows 2.",
    within: "[run] instances = 2",
  });
  const most = { memoryBytes: Number.MAX_SAFE_INTEGER, instances: 32 };
  for (const free of [undefined, capsOf({ verbs: [] })]) assert.equal(beyondCaps(free, most), undefined);
  assert.deepEqual([undefined, { memoryBytes: 0 }, { instances: 0 }, {}].map(isBounded), [false, true, true, false]);
});

test("a bound of nothing is a bound", () => {
  assert.ok(beyondCaps({ memoryBytes: 0 }, wishedBy({})));
  assert.ok(beyondCaps({ instances: 0 }, wishedBy({})));
});

test("all that is beyond is named, so that nobody approves what was not said", () => {
  const beyond = beyondCaps({ memoryBytes: 2 ** 20, instances: 1 }, { memoryBytes: 2 ** 30, instances: 32 });
  assert.match(beyond?.why ?? "", /1GB of memory.* 32 instances/);
  assert.match(beyond?.within ?? "", /memory = "1MB" and \[run\] instances = 1/);
});
