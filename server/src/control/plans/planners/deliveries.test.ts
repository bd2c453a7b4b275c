// What plans of what is sent to webhooks say, as values.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { type Again, stateOfRedelivery } from "../../webhooks/redelivery.ts";
import type { DeliveryRow, WebhookRow } from "../../webhooks/webhook.ts";
import { movedBetween } from "../fingerprint.ts";
import { deliveryPlanners as planners } from "./deliveries.ts";

const webhook: WebhookRow = {
  id: "whk_1",
  tenant: "local",
  url: "https://hooks.example.org/a",
  description: null,
  topics: null,
  paused: null,
  failingSince: null,
  createdAt: new Date(0),
};
const delivery: DeliveryRow = {
  id: "dlv_1",
  webhookId: "whk_1",
  event: "evt_1",
  topic: "app.created",
  state: "failed",
  attempts: 8,
  nextAt: new Date(0),
  status: 500,
  problem: null,
  durationMs: 3,
  attemptedAt: new Date(0),
  createdAt: new Date(0),
};
const one: Again = { kind: "one", delivery };
const plan = (name: keyof typeof planners, rows: object) => planners[name].plan({} as never, rows as never);
const again = (of: Again) => plan("webhooks.redeliver", { webhook, version: 1, again: of });
const whats = (of: Again) => again(of).changes.map(({ what }) => what);

test("what is sent again is named with its event, and all of many are counted", () => {
  assert.deepEqual(again(one).changes[0], {
    what: "delivery dlv_1 of app.created",
    from: "failed after 8 attempts",
    to: "waiting: event evt_1, attempt 1 at once",
  });
  assert.deepEqual(whats({ kind: "failed", newest: [delivery], count: 3, digest: "d" }), [
    "delivery dlv_1 of app.created",
    "deliveries before those",
    "sent to",
  ]);
  assert.deepEqual(whats({ kind: "failed", newest: [delivery], count: 1, digest: "d" }), ["delivery dlv_1 of app.created", "sent to"]);
  assert.deepEqual(whats({ kind: "failed", newest: [], count: 0, digest: "d" }), []);
  assert.deepEqual([again(one).interrupts.length, again({ kind: "one", delivery: { ...delivery, state: "delivered" } }).interrupts.length], [0, 1]);
});

test("nothing is planned to be sent to a webhook that is paused", () => {
  const paused = { ...webhook, paused: "asked" as const };
  for (const [name, rows] of [
    ["webhooks.test", { row: paused, version: 1 }],
    ["webhooks.redeliver", { webhook: paused, version: 1, again: one }],
  ] as const)
    assert.throws(
      () => plan(name, rows),
      (error) => (error as SlipError).code === "conflict",
    );
});

test("the webhook, its secret, and another attempt make a plan stale", () => {
  const before = stateOfRedelivery({ webhook, version: 1, again: one });
  const moved = (of: object) => movedBetween(before, stateOfRedelivery({ webhook, version: 1, again: one, ...of }));
  assert.deepEqual(moved({}), []);
  assert.match(moved({ webhook: { ...webhook, url: "https://x.example.org/" } })[0] ?? "", /^webhook whk_1: /);
  assert.deepEqual(moved({ version: 2 }), ["signing secret: version 1 → version 2"]);
  assert.match(moved({ again: { kind: "one", delivery: { ...delivery, attemptedAt: new Date(1) } } })[0] ?? "", /^delivery dlv_1: failed after 8 attempts/);
});
