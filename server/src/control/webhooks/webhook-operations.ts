import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { OutputOf, ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import type { Call, Handlers } from "../api/call.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import { dueTime } from "./deliverer.ts";
import { deliveriesOf, deliveryOf, insertPing, redeliver } from "./delivery-store.ts";
import { redeliveryOf, stateOfRedelivery } from "./redelivery.ts";
import { newSigningSecret } from "./signature.ts";
import { addSigningSecret, secretWithKey, signingSecrets, signingVersion } from "./signing-secret-store.ts";
import {
  changedWebhook,
  type DeliveryRow,
  stateOfWebhook,
  stateOfWebhooks,
  toDelivery,
  toWebhook,
  undoingOfWebhook,
  type WebhookChange,
  type WebhookRow,
} from "./webhook.ts";
import { deleteWebhook, insertWebhook, lockWebhook, lockWebhooks, saveWebhook, webhookIn, webhooksOf, webhookWithKey } from "./webhook-store.ts";

type Created = OutputOf<"webhooks.create">;

/** Asked again because its answer was lost, a request finds the webhook that it made. */
const madeBefore = async ({ database, sealing }: Control, call: Call, asked: Pick<WebhookRow, "url" | "topics" | "description">): Promise<Created> => {
  const row = await webhookWithKey(database, call.tenant, call.idempotencyKey ?? "");
  if (!row) throw new SlipError("internal", "The webhook is not there.");
  const { url, topics, description } = row;
  if (!isDeepStrictEqual({ url, topics, description }, asked)) throw new SlipError("idempotency_mismatch");
  call.journaled = true;
  const [secret = ""] = await signingSecrets(database, sealing, { tenant: call.tenant, webhook: row.id });
  return { ...toWebhook(row), secret };
};

const create = async (control: Control, call: Call, input: ParsedInputOf<"webhooks.create">): Promise<Created> => {
  const { database, sealing, webhooks } = control;
  const { tenant } = call;
  const asked = { url: webhooks.receivers.check(input.url), topics: input.topics ?? null, description: input.description ?? null };
  const secret = newSigningSecret();
  const made = await database.begin(async (query) => {
    await lockWebhooks(query, tenant);
    await call.expects?.check(query, { state: async () => stateOfWebhooks(await webhooksOf(query, tenant)) });
    const row = await insertWebhook(query, { ...asked, id: newId("whk"), tenant, idempotencyKey: call.idempotencyKey });
    if (!row) return undefined;
    await addSigningSecret(query, sealing, { tenant, webhook: row.id }, { secret, endsAt: new Date() });
    const inverse = { operation: "webhooks.remove", input: { webhook: row.id } };
    await journal(query, call, { operation: "webhooks.create", input: { ...input, url: asked.url }, inverse });
    return row;
  });
  return made ? { ...toWebhook(made), secret } : madeBefore(control, call, asked);
};

/** Locks it; where a plan is applied, it must be as it was planned for. Throws `not_found`. */
const takeWebhook = async (query: Query, { tenant, expects }: Call, id: string): Promise<WebhookRow> => {
  const row = await lockWebhook(query, tenant, id);
  await expects?.check(query, { state: async () => stateOfWebhook(row, await signingVersion(query, id)) });
  return row;
};

const update = async (control: Control, call: Call, given: WebhookChange): Promise<WebhookRow> => {
  const input = given.url === undefined ? given : { ...given, url: control.webhooks.receivers.check(given.url) };
  return control.database.begin(async (query) => {
    const before = await takeWebhook(query, call, input.webhook);
    const after = changedWebhook(before, input);
    await saveWebhook(query, after);
    await journal(query, call, { operation: "webhooks.update", input, inverse: undoingOfWebhook(before, input) });
    return after;
  });
};

/** Asked again because its answer was lost, a request is given the secret that it made. */
const rotate = async ({ database, sealing }: Control, call: Call, { webhook, graceMs }: ParsedInputOf<"webhooks.rotate">) => {
  const { tenant, idempotencyKey } = call;
  const owner = { tenant, webhook };
  const { secret, endsAt } = await database.begin(async (query) => {
    await takeWebhook(query, call, webhook);
    const before = idempotencyKey === undefined ? undefined : await secretWithKey(query, sealing, owner, idempotencyKey);
    call.journaled = before !== undefined;
    if (before) return before;
    const made = { secret: newSigningSecret(), endsAt: new Date(Date.now() + graceMs) };
    await addSigningSecret(query, sealing, owner, { ...made, idempotencyKey });
    await journal(query, call, { operation: "webhooks.rotate", input: { webhook, graceMs } });
    return made;
  });
  return { webhook, secret, endsAt: endsAt.toISOString() };
};

/** Throws `conflict` for one that is sent nothing. Pure. */
export const expectActive = ({ id, paused }: WebhookRow): void => {
  if (paused !== null) throw new SlipError("conflict", "The webhook is paused.", { next: `Let it go on with 'slip webhooks resume ${id}'.` });
};

const lookAgainMs = 50;

/** Waits until it was tried, as long as one attempt may take; where other events are in front of it, it is given as it is then. */
export const tried = async ({ database }: Control, call: Call, webhook: string, id: string): Promise<DeliveryRow> => {
  for (const until = performance.now() + limit("webhookMs") + 1_000; ; await sleep(lookAgainMs)) {
    const row = await deliveryOf(database, webhook, id);
    if (row.attempts > 0 || call.signal.aborted || performance.now() > until) return row;
  }
};

const ping = async (control: Control, call: Call, webhook: string): Promise<DeliveryRow> => {
  const id = await control.database.begin(async (query) => {
    const row = await takeWebhook(query, call, webhook);
    expectActive(row);
    await journal(query, call, { operation: "webhooks.test", input: { webhook } });
    return insertPing(query, row, dueTime());
  });
  void control.webhooks.look().catch(() => {});
  return tried(control, call, webhook, id);
};

const again = async (control: Control, call: Call, { webhook, delivery }: ParsedInputOf<"webhooks.redeliver">): Promise<number> => {
  const count = await control.database.begin(async (query) => {
    // What is under way to it is written down before or after this.
    const row = await lockWebhook(query, call.tenant, webhook);
    const asked = await redeliveryOf(query, row, delivery);
    await call.expects?.check(query, { state: () => stateOfRedelivery(asked) });
    expectActive(row);
    await journal(query, call, { operation: "webhooks.redeliver", input: { webhook, ...(delivery === undefined ? {} : { delivery }) } });
    return redeliver(query, webhook, { delivery, now: dueTime() });
  });
  void control.webhooks.look().catch(() => {});
  return count;
};

type WebhookNames =
  | "webhooks.create"
  | "webhooks.list"
  | "webhooks.get"
  | "webhooks.update"
  | "webhooks.remove"
  | "webhooks.rotate"
  | "webhooks.test"
  | "webhooks.deliveries"
  | "webhooks.redeliver";

export const webhookOperations = (control: Control): Pick<Handlers, WebhookNames> => ({
  "webhooks.create": (input, call) => create(control, call, input),

  async "webhooks.list"(_, call) {
    return { webhooks: (await webhooksOf(control.database, call.tenant)).map(toWebhook) };
  },

  async "webhooks.get"({ webhook }, call) {
    return toWebhook(await webhookIn(control.database, call.tenant, webhook));
  },

  async "webhooks.update"(input, call) {
    return toWebhook(await update(control, call, input));
  },

  async "webhooks.remove"({ webhook }, call) {
    await control.database.begin(async (query) => {
      await takeWebhook(query, call, webhook);
      await deleteWebhook(query, webhook);
      await journal(query, call, { operation: "webhooks.remove", input: { webhook } });
    });
    return { webhook };
  },

  "webhooks.rotate": (input, call) => rotate(control, call, input),

  async "webhooks.test"({ webhook }, call) {
    return toDelivery(await ping(control, call, webhook));
  },

  async "webhooks.deliveries"({ webhook, ...page }, call) {
    const { id } = await webhookIn(control.database, call.tenant, webhook);
    return { deliveries: (await deliveriesOf(control.database, id, page)).map(toDelivery) };
  },

  async "webhooks.redeliver"(input, call) {
    return { redelivered: await again(control, call, input) };
  },
});
