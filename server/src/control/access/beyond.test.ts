import assert from "node:assert/strict";
import { test } from "node:test";
import type { Beyond } from "@slipstream/contract/access.ts";
import { Beyond as Schema } from "@slipstream/contract/access.ts";
import { stillBeyond, whyOf } from "./beyond.ts";

const each: Beyond[] = [
  { kind: "verb", verb: "destroy" },
  { kind: "tenant" },
  { kind: "app", app: "shop" },
  { kind: "apps", apps: 3, allowed: 3 },
  { kind: "instances", instances: 3, allowed: 2 },
  { kind: "memory", memoryBytes: 2 ** 30, allowedBytes: 2 ** 29 },
  { kind: "builds", allowed: 20 },
  { kind: "cpu", allowedMinutes: 1.5 },
];

test("each lifts itself and nothing else", () => {
  assert.deepEqual(new Set(each.map(({ kind }) => kind)), new Set(Schema.options.map(({ shape }) => shape.kind.value)), "all kinds are here");
  for (const lifted of each)
    assert.deepEqual(
      stillBeyond(each, [lifted]),
      each.filter((it) => it !== lifted),
      lifted.kind,
    );
  assert.deepEqual(stillBeyond(each), each);
  assert.deepEqual(stillBeyond(each, each), []);
});

test("another verb or app, and more than was named, is not lifted; less is", () => {
  const others: Beyond[] = [
    { kind: "verb", verb: "configure" },
    { kind: "app", app: "shop-two" },
    { kind: "instances", instances: 4, allowed: 2 },
    { kind: "memory", memoryBytes: 2 ** 30 + 1, allowedBytes: 2 ** 29 },
  ];
  assert.deepEqual(stillBeyond(others, each), others);
  assert.deepEqual(
    stillBeyond(
      [
        { kind: "instances", instances: 3, allowed: 1 },
        { kind: "memory", memoryBytes: 2 ** 30 - 1, allowedBytes: 1 },
      ],
      each,
    ),
    [],
  );
});

test("all of it is said", () => {
  const why = whyOf(each);
  for (const part of [
    /may not destroy/,
    /whole|covers\./,
    /the app shop\./,
    /allows 3 apps/,
    /3 instances/,
    /1GB of memory.*512MB/,
    /20 builds/,
    /1\.5 CPU minutes/,
  ])
    assert.match(why, part);
});
