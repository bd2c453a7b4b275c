// Webhooks in PostgreSQL.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Query } from "#platform/database.ts";
import { tooManyWebhooks, type WebhookRow } from "./webhook.ts";

const columns = (query: Query) => query`id, tenant, url, description, topics, paused, failing_since, created_at`;

export const webhooksOf = (query: Query, tenant: string): Promise<WebhookRow[]> =>
  query<WebhookRow[]>`select ${columns(query)} from webhooks where tenant = ${tenant} order by id`;

/** Throws `not_found`, for one of another tenant too. */
export const webhookIn = async (query: Query, tenant: string, id: string): Promise<WebhookRow> => {
  const [row] = await query<WebhookRow[]>`select ${columns(query)} from webhooks where id = ${id} and tenant = ${tenant}`;
  if (!row) throw new SlipError("not_found", `There is no webhook ${id}.`, { next: "List them with 'slip webhooks list'." });
  return row;
};

export interface NewWebhook extends Pick<WebhookRow, "id" | "tenant" | "url" | "description" | "topics"> {
  idempotencyKey: string | undefined;
}

/** Those who make some at the same time are counted one after the other. */
export const lockWebhooks = async (query: Query, tenant: string): Promise<void> => {
  await query`select tenant from tenants where tenant = ${tenant} for no key update`;
};

/** Undefined when the request with this key has made one already. `lockWebhooks` comes before it. Throws `conflict` when the tenant has as many as it may. */
export const insertWebhook = async (query: Query, it: NewWebhook): Promise<WebhookRow | undefined> => {
  const [made] = await query<WebhookRow[]>`
    insert into webhooks (id, tenant, url, description, topics, idempotency_key)
    values (${it.id}, ${it.tenant}, ${it.url}, ${it.description}, ${it.topics ?? null}, ${it.idempotencyKey ?? null})
    on conflict (tenant, idempotency_key) do nothing returning ${columns(query)}`;
  const [all] = await query<{ count: number }[]>`select count(*) as count from webhooks where tenant = ${it.tenant}`;
  if (made && (all?.count ?? 0) > limit("webhooks")) throw tooManyWebhooks();
  return made;
};

export const webhookWithKey = async (query: Query, tenant: string, key: string): Promise<WebhookRow | undefined> =>
  (await query<WebhookRow[]>`select ${columns(query)} from webhooks where tenant = ${tenant} and idempotency_key = ${key}`)[0];

/** Locks it, for those who change what they have read. Throws `not_found`. */
export const lockWebhook = async (query: Query, tenant: string, id: string): Promise<WebhookRow> => {
  await query`select id from webhooks where id = ${id} and tenant = ${tenant} for update`;
  return webhookIn(query, tenant, id);
};

/** One that goes on has a clean slate: it is paused again only after days of failures from now on. */
export const saveWebhook = async (query: Query, row: WebhookRow): Promise<void> => {
  await query`
    update webhooks set url = ${row.url}, description = ${row.description}, topics = ${row.topics ?? null}, paused = ${row.paused},
      failing_since = ${row.failingSince} where id = ${row.id}`;
};

export const deleteWebhook = async (query: Query, id: string): Promise<void> => {
  await query`delete from webhooks where id = ${id}`;
};

/** Waits for those who change or remove it. Who writes to its deliveries as well begins with this, so that no two wait for each other. */
export const holdWebhook = async (query: Query, id: string): Promise<void> => {
  await query`select id from webhooks where id = ${id} for no key update`;
};

export const noteReceived = async (query: Query, id: string): Promise<void> => {
  await query`update webhooks set failing_since = null where id = ${id} and failing_since is not null`;
};

/** Gives since when it fails; undefined when it is gone. */
export const noteFailed = async (query: Query, id: string, now: Date): Promise<Date | undefined> =>
  (
    await query<{ failingSince: Date }[]>`
      update webhooks set failing_since = coalesce(failing_since, ${now}) where id = ${id} returning failing_since`
  )[0]?.failingSince;

/** Gives the webhook, unless it was paused already. */
export const pauseWebhook = async (query: Query, id: string, because: "gone" | "failing"): Promise<WebhookRow | undefined> =>
  (await query<WebhookRow[]>`update webhooks set paused = ${because} where id = ${id} and paused is null returning ${columns(query)}`)[0];
