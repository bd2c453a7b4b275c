// What plans of webhooks say, as values.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { stateOfWebhook, type WebhookRow } from "../../webhooks/webhook.ts";
import { movedBetween } from "../fingerprint.ts";
import { webhookPlanners as planners } from "./webhooks.ts";

const webhook = `whk_${"0".repeat(26)}`;
const row: WebhookRow = {
  id: webhook,
  tenant: "local",
  url: "https://hooks.example.org/a",
  description: null,
  topics: ["app.created"],
  paused: null,
  failingSince: null,
  createdAt: new Date(0),
};
const rows = { row, version: 2, waiting: 3, url: undefined, fingerprint: {} };
const plan = (name: keyof typeof planners, input: object, of: object) => planners[name].plan(input as never, of as never);

test("a new webhook is planned with what it will be sent, and its secret is made later", () => {
  const { changes, quota, inverse } = plan("webhooks.create", { topics: ["app.created"] }, { url: row.url, count: 4 });
  assert.deepEqual(changes, [
    { what: "webhook", to: row.url },
    { what: "webhook topics", to: "app.created" },
    { what: "signing secret", to: "version 1" },
  ]);
  assert.deepEqual([quota[0]?.limit, quota[0]?.used, inverse], ["webhooks", 5, { operation: "webhooks.remove", input: {} }]);
  assert.throws(
    () => plan("webhooks.create", {}, { url: row.url, count: limit("webhooks") }),
    (error) => (error as SlipError).code === "conflict",
  );
});

test("an update names what differs alone, and what a pause holds back", () => {
  const url = "https://hooks.example.org/b";
  const changed = plan("webhooks.update", { webhook, url: "https://HOOKS.example.org/b", topics: null }, { ...rows, url });
  assert.deepEqual(changed.changes, [
    { what: "webhook url", from: row.url, to: url },
    { what: "webhook topics", from: "app.created", to: "all" },
  ]);
  assert.deepEqual([changed.interrupts, changed.inverse?.input], [[], { webhook, url: row.url, topics: ["app.created"] }]);
  const paused = plan("webhooks.update", { webhook, paused: true }, rows);
  assert.deepEqual(paused.changes, [{ what: "webhook", from: "active", to: "paused" }]);
  assert.deepEqual(paused.interrupts, [{ what: `events for ${row.url}`, why: "They wait until it goes on; what has waited for 7 days is given up." }]);
  assert.deepEqual(plan("webhooks.update", { webhook, paused: false }, rows).changes, []);
});

test("the end of a webhook names what will not be delivered", () => {
  const { changes, interrupts, inverse } = plan("webhooks.remove", { webhook }, rows);
  assert.ok(changes.every(({ to }) => to === undefined) && changes.some(({ what, from }) => what === "signing secret" && from === "version 2"));
  assert.deepEqual(
    interrupts.map(({ what }) => what),
    [`events for ${row.url}`, "3 events on the way to it"],
  );
  assert.equal(inverse, undefined);
});

test("another signing secret is a version, and when those of before end is said", () => {
  const { changes, interrupts } = plan("webhooks.rotate", { webhook, graceMs: 86_400_000 }, rows);
  assert.deepEqual(changes, [{ what: "signing secret", from: "version 2", to: "version 3" }]);
  assert.match(interrupts[0]?.why ?? "", /for 1 day and then no more/);
  assert.match(plan("webhooks.rotate", { webhook, graceMs: 0 }, rows).interrupts[0]?.why ?? "", /^They sign no more/);
});

test("what people have said of it makes a plan stale, and failing deliveries do not", () => {
  const before = stateOfWebhook(row, 2);
  assert.deepEqual(movedBetween(before, stateOfWebhook({ ...row, failingSince: new Date() }, 2)), []);
  for (const [more, version, said] of [
    [{ url: "https://x.example.org/" }, 2, `webhook ${webhook}: ${row.url} → https://x.example.org/`],
    [{ topics: null }, 2, "topics: app.created → all"],
    [{ description: "mine" }, 2, "description is there now"],
    [{ paused: "failing" as const }, 2, "state: active → paused"],
    [{}, 3, "signing secret: version 2 → version 3"],
  ] as const)
    assert.deepEqual(movedBetween(before, stateOfWebhook({ ...row, ...more }, version)), [said]);
});
