// Webhooks for real: control with its database, and a receiver on loopback that an independent library verifies for.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { eventBody } from "@slipstream/contract/events.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { InputOf } from "@slipstream/contract/operations/registry.ts";
import type { Topic, WebhookDelivery } from "@slipstream/contract/words.ts";
import { Webhook } from "standardwebhooks";
import { newId } from "#platform/ids.ts";
import { authorityIn } from "../control/certificates/authority.ts";
import { trimOutbox } from "../control/outbox/outbox-store.ts";
import { giveUpOld } from "../control/webhooks/delivery-store.ts";
import { type Received, type Reply, TrialReceiver } from "../control/webhooks/testing/trial-receiver.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
let receiver: TrialReceiver;
before(async () => {
  receiver = await TrialReceiver.listening("hooks.localhost");
  plane = await startControlPlane({ SLIP_FAULTS: "1", SLIP_WEBHOOK_HOSTS: `hooks.localhost:${receiver.port}` });
  receiver.show(await (await authorityIn(plane.home.control, "")).issue(["hooks.localhost"]));
});
after(async () => {
  await plane.stop();
  await receiver.close();
});

let count = 0;
const next = (word: string): string => {
  count += 1;
  return `${word}-${count}`;
};
const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;
const replying =
  (status: number, headers: Record<string, string> = {}): Reply =>
  (response) =>
    response.writeHead(status, headers).end();

/** A webhook at a path of its own, for events of apps that are made alone: the tests do not see each other's. */
const addWebhook = async (of: Partial<InputOf<"webhooks.create">> & { reply?: Reply } = {}) => {
  const path = `/${next("hook")}`;
  const { reply, ...input } = of;
  if (reply) receiver.replies.set(path, reply);
  const made = await plane.client.call("webhooks.create", { url: receiver.url(path), ...input });
  const { webhook } = made;
  return {
    ...made,
    path,
    verify: ({ body, headers }: Received, secret = made.secret): { type: Topic; data: Record<string, unknown> } =>
      new Webhook(secret).verify(body, headers) as { type: Topic; data: Record<string, unknown> },
    deliveries: async (): Promise<WebhookDelivery[]> => (await plane.client.call("webhooks.deliveries", { webhook })).deliveries,
    remove: () => plane.client.call("webhooks.remove", { webhook }),
  };
};
type Added = Awaited<ReturnType<typeof addWebhook>>;

const createApp = async (): Promise<string> => (await plane.client.call("apps.create", { app: next("app") })).app;

const until = async <T>(what: string, find: () => Promise<T | undefined | false>): Promise<T> => {
  for (const end = performance.now() + 20_000; ; await sleep(20)) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    assert.ok(performance.now() < end, what);
  }
};
const ended = (hook: Added): Promise<WebhookDelivery> =>
  until("the newest delivery ends", async () => (await hook.deliveries()).find(({ state }) => state !== "waiting"));
const attempted = (hook: Added, attempts: number): Promise<WebhookDelivery> =>
  until(`attempt ${attempts}`, async () => (await hook.deliveries()).find((it) => it.attempts === attempts));
/** The same values, each as often, in any order. */
const assertSame = (actual: readonly unknown[], expected: readonly unknown[]): void => {
  assert.equal(actual.length, expected.length, String(actual));
  assert.deepEqual(new Set(actual), new Set(expected));
};
/** Lets what waits for its time go at once: what the clock would do. */
const passTime = async ({ webhook }: Added): Promise<void> => {
  await plane.database`update webhook_deliveries set next_at = now() where webhook_id = ${webhook}`;
};

test("an event comes signed, in the words of the contract, once it has happened", async () => {
  const hook = await addWebhook();
  const app = await createApp();
  const [got] = await receiver.until(hook.path, 1);
  assert.ok(got);
  const event = hook.verify(got);
  assert.deepEqual([event.type, event.data.app], ["app.created", app]);
  eventBody("app.created").parse(event);
  assert.match(String(got.headers["webhook-id"]), /^evt_[0-9a-f]{26}$/);
  assert.match(String(got.headers["user-agent"]), /^Slipstream\/\d/);
  assert.throws(() => hook.verify({ ...got, body: got.body.replace(app, "other") }));
  const delivery = await ended(hook);
  assert.partialDeepStrictEqual(delivery, { state: "delivered", attempts: 1, status: 204, topic: "app.created", event: got.headers["webhook-id"] });
  await hook.remove();
});

test("each end of a deployment, and what is done with host names, is told once", async () => {
  const hook = await addWebhook();
  const app = await createApp();
  const sha256 = createHash("sha256").update("x").digest("hex");
  const { source: digest } = await plane.client.call("sources.check", { entries: [{ type: "file", path: "a", sha256, size: 1, executable: false }] });
  await plane.client.call("sources.upload", { sha256 }, { bytes: Buffer.from("x") });
  const deploy = async () => (await plane.client.call("deployments.create", { app, source: { kind: "tree", digest } })).deployment;
  const running = await deploy();
  await until("the first runs", async () => (await plane.client.call("deployments.get", { deployment: running })).state === "running");
  const [superseded, cancelled] = [await deploy(), await deploy()];
  for (const deployment of [cancelled, running]) await plane.client.call("deployments.cancel", { deployment });
  await plane.client.call("domains.add", { app, domain: `${app}.example.org` });
  await plane.client.call("domains.add", { app, domain: `${app}.example.org` });
  await plane.client.call("domains.remove", { app, domain: `${app}.example.org` });
  const all = (await receiver.until(hook.path, 6)).map((got) => hook.verify(got));
  for (const event of all) eventBody(event.type).parse(event);
  const codes = all.map(({ type, data }) =>
    `${type} ${data.deployment ?? data.domain ?? data.app} ${(data.failure as { code?: string } | undefined)?.code ?? ""}`.trim(),
  );
  assertSame(codes, [
    `app.created ${app}`,
    ...[`${running} cancelled`, `${superseded} superseded`, `${cancelled} cancelled`].map((end) => `deployment.cancelled ${end}`),
    `domain.added ${app}.example.org`,
    `domain.removed ${app}.example.org`,
  ]);
  await hook.remove();
});

test("a webhook gets the topics that it asks for, and none while it is paused; then all that has waited", async () => {
  const hook = await addWebhook({ topics: ["domain.added"] });
  const { webhook } = hook;
  const app = await createApp();
  await plane.client.call("webhooks.update", { webhook, paused: true });
  await plane.client.call("domains.add", { app, domain: `${app}.example.org` });
  await until("it waits", async () => (await hook.deliveries()).length > 0);
  await assert.rejects(plane.client.call("webhooks.test", { webhook }), refused("conflict"));
  await sleep(700);
  assert.deepEqual(receiver.at(hook.path), []);
  const resumed = await plane.client.call("webhooks.update", { webhook, paused: false });
  assert.equal(resumed.state, "active");
  const [got] = await receiver.until(hook.path, 1);
  assert.equal(got && hook.verify(got).type, "domain.added");
  const { entries } = await plane.client.call("journal.list", { limit: 2 });
  assert.deepEqual(entries[0]?.inverse, { operation: "webhooks.update", input: { webhook, paused: true } });
  await hook.remove();
});

test("what failed is tried again with the same id and a new signature, as late as the receiver asks", async () => {
  const hook = await addWebhook({ reply: replying(500) });
  await createApp();
  const first = await attempted(hook, 1);
  assert.deepEqual([first.state, first.status, first.problem], ["waiting", 500, "The receiver answered 500."]);
  const pauseMs = Date.parse(first.nextAttemptAt ?? "") - Date.parse(first.attemptedAt ?? "");
  assert.ok(pauseMs >= 5_000 && pauseMs < 8_000, `${pauseMs}`);
  assert.ok((await plane.client.call("webhooks.get", { webhook: hook.webhook })).failingSince);
  receiver.replies.set(hook.path, replying(503, { "retry-after": "7200" }));
  await passTime(hook);
  const second = await attempted(hook, 2);
  assert.ok(Date.parse(second.nextAttemptAt ?? "") - Date.parse(second.attemptedAt ?? "") >= 7_200_000);
  receiver.replies.delete(hook.path);
  await passTime(hook);
  assert.partialDeepStrictEqual(await ended(hook), { state: "delivered", attempts: 3, status: 204 });
  const all = receiver.at(hook.path);
  for (const got of all) hook.verify(got);
  assert.deepEqual([all.length, new Set(all.map(({ headers }) => headers["webhook-id"])).size, new Set(all.map(({ body }) => body)).size], [3, 1, 1]);
  assert.equal((await plane.client.call("webhooks.get", { webhook: hook.webhook })).failingSince, undefined);
  await hook.remove();
});

test("it is given up after ten attempts, and can be sent again", async () => {
  const hook = await addWebhook({ reply: replying(404) });
  await createApp();
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    await attempted(hook, attempt);
    await passTime(hook);
  }
  assert.partialDeepStrictEqual(await ended(hook), { state: "failed", attempts: 10, status: 404 });
  receiver.replies.delete(hook.path);
  assert.deepEqual(await plane.client.call("webhooks.redeliver", { webhook: hook.webhook }), { redelivered: 1 });
  const [delivery] = [await until("it is received", async () => (await hook.deliveries()).find(({ state }) => state === "delivered"))];
  assert.deepEqual(await plane.client.call("webhooks.redeliver", { webhook: hook.webhook, delivery: delivery?.delivery }), { redelivered: 1 });
  await receiver.until(hook.path, 12);
  assert.equal(new Set(receiver.at(hook.path).map(({ headers }) => headers["webhook-id"])).size, 1);
  await hook.remove();
});

test("a receiver that is gone, or has failed for days, is paused, and the others are told", async () => {
  const others = await addWebhook({ topics: ["webhook.paused"] });
  const goner = await addWebhook({ topics: ["app.created"], reply: replying(410) });
  const failing = await addWebhook({ topics: ["app.created"], reply: replying(500) });
  await plane.database`update webhooks set failing_since = now() - make_interval(secs => ${limit("webhookFailingMs") / 1_000 + 60}) where id = ${failing.webhook}`;
  await createApp();
  const told = (await receiver.until(others.path, 2)).map((got) => others.verify(got));
  for (const event of told) eventBody("webhook.paused").parse(event);
  const because = told.map(({ data }) => `${data.webhook} ${data.pausedBecause}`);
  assertSame(because, [`${goner.webhook} gone`, `${failing.webhook} failing`]);
  assert.partialDeepStrictEqual(await ended(goner), { state: "failed", attempts: 1, status: 410 });
  assert.equal((await failing.deliveries())[0]?.state, "waiting");
  const { entries } = await plane.client.call("journal.list", { limit: 20 });
  const paused = entries.filter(({ actor, operation }) => actor === "slipstream" && operation === "webhooks.update");
  assertSame(
    paused.map(({ input }) => input.webhook),
    [goner.webhook, failing.webhook],
  );
  for (const hook of [others, goner, failing]) await hook.remove();
});

test("a receiver that answers nothing holds up no other", async () => {
  const slow = await addWebhook({ topics: ["app.created"], reply: () => {} });
  const fast = await addWebhook({ topics: ["app.created"] });
  const many = 12;
  for (let made = 0; made < many; made += 1) await createApp();
  const begun = performance.now();
  await receiver.until(fast.path, many);
  assert.ok(performance.now() - begun < 5_000);
  assert.equal(receiver.at(slow.path).length, limit("webhookSendsOfOne"), "no more than its share at a time");
  for (const hook of [slow, fast]) await hook.remove();
});

test("a secret is replaced with both signing for a while, or at once", async () => {
  const hook = await addWebhook();
  const { webhook } = hook;
  const key = { idempotencyKey: randomUUID() };
  const rotated = await plane.client.call("webhooks.rotate", { webhook }, key);
  assert.deepEqual(await plane.client.call("webhooks.rotate", { webhook }, key), rotated, "asked again");
  assert.notEqual(rotated.secret, hook.secret);
  await plane.client.call("webhooks.test", { webhook });
  const [got] = await receiver.until(hook.path, 1);
  assert.ok(got);
  for (const secret of [hook.secret, rotated.secret]) assert.equal(hook.verify(got, secret).type, "webhook.ping");
  const { secret } = await plane.client.call("webhooks.rotate", { webhook, graceMs: 0 });
  await plane.client.call("webhooks.test", { webhook });
  const second = (await receiver.until(hook.path, 2))[1];
  assert.ok(second && hook.verify(second, secret));
  for (const before of [hook.secret, rotated.secret]) assert.throws(() => hook.verify(second, before));
  await hook.remove();
});

test("a test says what came of it", async () => {
  const hook = await addWebhook({ topics: ["app.created"] });
  assert.partialDeepStrictEqual(await plane.client.call("webhooks.test", { webhook: hook.webhook }), {
    topic: "webhook.ping",
    state: "delivered",
    status: 204,
  });
  receiver.replies.set(hook.path, replying(302, { location: receiver.url("/elsewhere") }));
  const failed = await plane.client.call("webhooks.test", { webhook: hook.webhook });
  assert.partialDeepStrictEqual(failed, { state: "waiting", attempts: 1, status: 302, problem: "The receiver answered 302." });
  assert.deepEqual(receiver.at("/elsewhere"), []);
  await hook.remove();
});

test("the signing secret is said once, and is nowhere in the database or the logs, before and after another key seals it", async () => {
  const key = { idempotencyKey: randomUUID() };
  const input = { url: receiver.url(`/${next("hook")}`) };
  const { webhook, secret } = await plane.client.call("webhooks.create", input, key);
  assert.deepEqual((await plane.client.call("webhooks.create", input, key)).secret, secret, "asked again");
  await assert.rejects(plane.client.call("webhooks.create", { url: receiver.url("/other") }, key), refused("idempotency_mismatch"));
  const { keys } = await plane.client.call("keys.list", {});
  assert.ok((keys[0]?.webhooks ?? 0) >= 1);
  await plane.client.call("keys.rotate", {});
  assert.partialDeepStrictEqual(await plane.client.call("webhooks.test", { webhook }), { state: "delivered" });
  assert.ok(new Webhook(secret).verify(receiver.all.at(-1)?.body ?? "", receiver.all.at(-1)?.headers ?? {}));
  assert.doesNotMatch(JSON.stringify([await plane.client.call("webhooks.get", { webhook }), await plane.client.call("journal.list", {})]), /whsec_/);
  const value = secret.slice("whsec_".length);
  const forms = [value, Buffer.from(value, "base64").toString("hex"), Buffer.from(value).toString("hex")];
  for (const { name } of await plane.database<{ name: string }[]>`select table_name as name from information_schema.tables where table_schema = 'public'`) {
    const rows = JSON.stringify(await plane.database.unsafe(`select t::text as row from "${name}" t`));
    for (const form of forms) assert.ok(!rows.includes(form), name);
  }
  assert.ok(!readFileSync(join(plane.home.processLogs, "control.log"), "utf8").includes(value));
  await plane.client.call("webhooks.remove", { webhook });
});

/** Holds control at a fault point, kills it there, and waits for the next one. */
const killAt = async (point: string, act: () => Promise<unknown>): Promise<void> => {
  const [armed, held] = [join(plane.home.faults, "armed"), join(plane.home.faults, "held")];
  writeFileSync(armed, point);
  await act();
  await until(`it comes to ${point}`, async () => existsSync(held));
  const back = plane.strike("control");
  rmSync(held);
  await back();
};

for (const [point, times] of [
  ["webhooks.dispatch", 1],
  ["webhooks.send.before", 1],
  ["webhooks.send.after", 2],
] as const)
  test(`control is killed at ${point}: the event comes, ${times === 1 ? "once" : "again with the same id"}`, async () => {
    const hook = await addWebhook({ topics: ["app.created"] });
    let app = "";
    await killAt(point, async () => {
      app = await createApp();
    });
    await ended(hook);
    const all = receiver.at(hook.path);
    assert.deepEqual(
      all.map((got) => hook.verify(got).data.app),
      Array.from({ length: times }, () => app),
    );
    assert.equal(new Set(all.map(({ headers }) => headers["webhook-id"])).size, 1);
    await hook.remove();
  });

test("receivers that are not on the internet are refused, and there is a bound of webhooks", async () => {
  for (const url of [
    "https://127.0.0.1/",
    "https://169.254.169.254/",
    "http://hooks.localhost/",
    "https://hooks.localhost/",
    "https://[::ffff:10.0.0.1]/",
    "nothing",
  ])
    await assert.rejects(plane.client.call("webhooks.create", { url }), refused("invalid_input"), url);
  const { webhooks } = await plane.client.call("webhooks.list", {});
  const made = await Promise.all(
    Array.from({ length: limit("webhooks") - webhooks.length }, () =>
      plane.client.call("webhooks.create", { url: "https://hooks.example.org/", topics: ["domain.removed"] }),
    ),
  );
  await assert.rejects(plane.client.call("webhooks.create", { url: "https://hooks.example.org/" }), refused("conflict"));
  for (const { webhook } of made) await plane.client.call("webhooks.remove", { webhook });
});

test("another tenant's events are nobody else's", async () => {
  const token = `slip_${randomUUID()}`;
  await plane.database`insert into tenants (tenant) values ('other')`;
  await plane.database`
    insert into tokens (id, tenant, actor, sha256, verbs)
    values (${newId("tok")}, 'other', 'stranger', ${createHash("sha256").update(token).digest()}, ${["read", "configure"]})`;
  await sleep(300);
  const other = plane.clientWith(token);
  const { webhook } = await other.call("webhooks.create", { url: receiver.url("/stranger") });
  const hook = await addWebhook();
  await createApp();
  await receiver.until(hook.path, 1);
  assert.deepEqual([receiver.at("/stranger"), (await other.call("webhooks.deliveries", { webhook })).deliveries], [[], []]);
  await assert.rejects(plane.client.call("webhooks.get", { webhook }), refused("not_found"));
  await hook.remove();
});

test("an event is kept until each webhook has it or gave it up", async () => {
  const hook = await addWebhook({ topics: ["app.created"] });
  await plane.client.call("webhooks.update", { webhook: hook.webhook, paused: true });
  await createApp();
  const [delivery] = await until("it waits", async () => ((await hook.deliveries()).length > 0 ? hook.deliveries() : undefined));
  const event = delivery?.event ?? "";
  const kept = async (): Promise<number> => (await plane.database`select event from outbox where event = ${event}`).length;
  await plane.database`update outbox set created_at = now() - make_interval(secs => ${limit("eventKeptMs") / 1_000 + 60}) where event = ${event}`;
  await trimOutbox(plane.database);
  assert.equal(await kept(), 1, "it waits for the webhook");
  await giveUpOld(plane.database);
  assert.equal((await hook.deliveries())[0]?.state, "failed");
  await trimOutbox(plane.database);
  assert.deepEqual([await kept(), await hook.deliveries()], [0, []]);
  await hook.remove();
});
