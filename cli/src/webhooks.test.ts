import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Webhook, WebhookDelivery } from "@slipstream/contract/words.ts";
import { slip } from "./testing/slip.ts";
import { TinyPlatform } from "./testing/tiny-platform.ts";

const webhook = `whk_${"0".repeat(26)}`;
const delivery = `dlv_${"0".repeat(26)}`;
const createdAt = "2026-01-01T00:00:00.000Z";
const active: Webhook = { webhook, url: "https://hooks.example.org/", state: "active", createdAt };
const failed: WebhookDelivery = {
  ...{ delivery, webhook, event: "evt_1", topic: "webhook.ping", state: "waiting", attempts: 1, status: 500, durationMs: 12, createdAt },
  problem: "The receiver answered 500.",
  nextAttemptAt: createdAt,
};

describe("slip webhooks", () => {
  let platform: TinyPlatform;
  const run = (...args: string[]) => slip(platform.home, ["webhooks", ...args]);
  beforeEach(async () => {
    platform = new TinyPlatform();
    await platform.start();
  });
  afterEach(() => platform.end());

  it("adds one with its topics, and prints id and secret alone", async () => {
    platform.handlers["webhooks.create"] = () => ({ ...active, secret: "whsec_x" });
    const ran = await run("add", "https://hooks.example.org/", "--topics", "app.created, deployment.failed");
    assert.deepEqual([ran.code, ran.stdout], [0, `${webhook}\nwhsec_x\n`]);
    assert.deepEqual(platform.inputsOf("webhooks.create"), [{ url: "https://hooks.example.org/", topics: ["app.created", "deployment.failed"] }]);
    const wrong = await run("add", "https://hooks.example.org/", "--topics", "app.born");
    assert.deepEqual([wrong.code, /no topic "app.born"/.test(wrong.stderr)], [2, true]);
  });

  it("changes what is named, and nothing else", async () => {
    platform.handlers["webhooks.update"] = () => active;
    await run("set", webhook, "--topics", "all");
    await run("pause", webhook);
    assert.deepEqual(platform.inputsOf("webhooks.update"), [
      { webhook, topics: null },
      { webhook, paused: true },
    ]);
    assert.equal((await run("set", webhook)).code, 2);
  });

  it("says of a ping that was not received why, with exit code 1", async () => {
    platform.handlers["webhooks.test"] = () => failed;
    assert.deepEqual(await run("test", webhook), { code: 1, stdout: "", stderr: "not received: The receiver answered 500.\n" });
  });

  it("lists deliveries as rows", async () => {
    platform.handlers["webhooks.deliveries"] = () => ({ deliveries: [failed] });
    const { stdout } = await run("deliveries", webhook, "--state", "waiting");
    assert.equal(stdout, `${[delivery, "webhook.ping", "waiting", "1", "12 ms", createdAt, createdAt, "The receiver answered 500."].join("\t")}\n`);
    assert.deepEqual(platform.inputsOf("webhooks.deliveries"), [{ webhook, limit: 50, state: "waiting" }]);
  });
});
