// Plans of what is sent to webhooks: a ping, and events once more. With a real control plane, and a receiver on loopback.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { OperationName } from "@slipstream/contract/operations/registry.ts";
import type { Plan } from "@slipstream/contract/plan.ts";
import type { WebhookDelivery } from "@slipstream/contract/words.ts";
import { authorityIn } from "../control/certificates/authority.ts";
import { TrialReceiver } from "../control/webhooks/testing/trial-receiver.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";
import { loseAnswers, refused, until } from "./testing/plan-trial.ts";

let plane: ControlPlane;
let receiver: TrialReceiver;
before(async () => {
  receiver = await TrialReceiver.listening("hooks.localhost");
  plane = await startControlPlane({ SLIP_WEBHOOK_HOSTS: `hooks.localhost:${receiver.port}` });
  receiver.show(await (await authorityIn(plane.home.control, "")).issue(["hooks.localhost"]));
});
after(async () => {
  await plane.stop();
  await receiver.close();
});

const plan = (operation: OperationName, input: Record<string, unknown>): Promise<Plan> => plane.client.call("plans.create", { operation, input });
const apply = async (made: Plan, key: string = randomUUID()) => (await plane.client.call("plans.apply", { plan: made.plan }, { idempotencyKey: key })).output;

const newHook = async () => {
  const path = `/${randomUUID()}`;
  const { webhook } = await plane.client.call("webhooks.create", { url: receiver.url(path), topics: ["app.created"] });
  return { webhook, path };
};
type Hook = Awaited<ReturnType<typeof newHook>>;

const deliveriesOf = async ({ webhook }: Hook): Promise<WebhookDelivery[]> => (await plane.client.call("webhooks.deliveries", { webhook })).deliveries;

/** An event that the receiver has refused, and that is tried no more. */
const failed = async (hook: Hook): Promise<WebhookDelivery> => {
  receiver.replies.set(hook.path, (response) => response.writeHead(500).end());
  const { delivery } = await plane.client.call("webhooks.test", { webhook: hook.webhook });
  await plane.database`update webhook_deliveries set state = 'failed' where id = ${delivery}`;
  receiver.replies.delete(hook.path);
  return (await deliveriesOf(hook))[0] ?? assert.fail();
};

test("a ping is planned without being sent, and is sent once, also where its answer was lost", async () => {
  const hook = await newHook();
  const made = await plan("webhooks.test", { webhook: hook.webhook });
  assert.deepEqual(
    made.changes.map(({ what, to }) => [what, to]),
    [
      ["event webhook.ping", `to ${receiver.url(hook.path)}`],
      ["signed with", "the secret of version 1"],
      ["attempt", "the first, at once"],
    ],
  );
  assert.deepEqual(await deliveriesOf(hook), []);
  const key = randomUUID();
  await loseAnswers(plane, [made], () => apply(made, key));
  assert.partialDeepStrictEqual(await apply(made, key), { topic: "webhook.ping", state: "delivered", status: 204 });
  assert.deepEqual([(await deliveriesOf(hook)).length, receiver.at(hook.path).length], [1, 1]);
  await assert.rejects(apply(made), refused("plan_applied"));
});

test("a ping is not sent where the webhook has changed since it was planned", async () => {
  const hook = await newHook();
  const made = await plan("webhooks.test", { webhook: hook.webhook });
  await plane.client.call("webhooks.update", { webhook: hook.webhook, url: receiver.url("/elsewhere") });
  await assert.rejects(apply(made), refused("plan_stale", /webhook whk_\w+: .* → .*elsewhere/));
  assert.deepEqual([receiver.at(hook.path).length, receiver.at("/elsewhere").length], [0, 0]);
  await plane.client.call("webhooks.update", { webhook: hook.webhook, paused: true });
  await assert.rejects(plan("webhooks.test", { webhook: hook.webhook }), refused("conflict", /paused/));
});

test("an event is planned to be sent again with its id and its attempts, and comes again when that is applied", async () => {
  const hook = await newHook();
  const delivery = await failed(hook);
  const made = await plan("webhooks.redeliver", { webhook: hook.webhook, delivery: delivery.delivery });
  assert.deepEqual(made.changes, [
    { what: `delivery ${delivery.delivery} of webhook.ping`, from: "failed after 1 attempt", to: `waiting: event ${delivery.event}, attempt 1 at once` },
    { what: "sent to", to: receiver.url(hook.path) },
  ]);
  assert.equal(receiver.at(hook.path).length, 1);
  assert.deepEqual(await apply(made), { redelivered: 1 });
  const [first, second] = await receiver.until(hook.path, 2);
  assert.equal(second?.headers["webhook-id"], first?.headers["webhook-id"]);
  await until("it is noted", async () => (await deliveriesOf(hook))[0]?.state === "delivered");
  const known = await plan("webhooks.redeliver", { webhook: hook.webhook, delivery: delivery.delivery });
  assert.match(known.interrupts[0]?.why ?? "", /received this event already/);
});

test("a plan to send one again is stale once that was tried, and one of all that failed once another did", async () => {
  const hook = await newHook();
  const { webhook } = hook;
  const { delivery } = await failed(hook);
  const [one, all] = [await plan("webhooks.redeliver", { webhook, delivery }), await plan("webhooks.redeliver", { webhook })];
  await failed(hook);
  await assert.rejects(apply(all), refused("plan_stale", /failed deliveries: 1 → 2; the list of failed deliveries is another/));
  const next = await plan("webhooks.redeliver", { webhook });
  await plane.client.call("webhooks.redeliver", { webhook, delivery });
  await until("it is received", async () => (await deliveriesOf(hook)).some(({ state }) => state === "delivered"));
  await assert.rejects(apply(one), refused("plan_stale", /delivery dlv_\w+: failed after 1 attempt.* → delivered after 1 attempt/));
  await failed(hook);
  await assert.rejects(apply(next), refused("plan_stale", /: the list of failed deliveries is another/), "as many, but others");
  assert.deepEqual(await apply(await plan("webhooks.redeliver", { webhook })), { redelivered: 2 });
  await until("all are received", async () => (await deliveriesOf(hook)).every(({ state }) => state === "delivered"));
});
