// Deliveries in PostgreSQL: from the outbox to each webhook that wants the event, and what came of the attempts.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { EventData } from "@slipstream/contract/events.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Topic } from "@slipstream/contract/words.ts";
import { json, type Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import type { DeliveryRow, WebhookRow } from "./webhook.ts";

/** Events are taken from the outbox so many at a time. */
const batch = 200;

interface FreshEvent {
  event: string;
  tenant: string;
  topic: Topic;
  subject: string;
}
type Receiver = Pick<WebhookRow, "id" | "tenant"> & { topics: readonly Topic[] | null };

/** Its own pause is nothing that a webhook could be told. */
const wants = ({ id, tenant, topics }: Receiver, event: FreshEvent): boolean =>
  tenant === event.tenant && (topics === null || topics.includes(event.topic)) && !(event.topic === "webhook.paused" && event.subject === id);

export const isAnyFresh = async (query: Query): Promise<boolean> => (await query`select 1 from outbox where not is_dispatched limit 1`).length > 0;

/** Takes events from the outbox and makes their deliveries, all of it or nothing. Runs in a transaction. */
export const dispatchEvents = async (query: Query, now: Date): Promise<void> => {
  const fresh = await query<FreshEvent[]>`
    select event, tenant, topic, subject from outbox where not is_dispatched order by id limit ${batch} for update skip locked`;
  if (fresh.length === 0) return;
  const tenants = [...new Set(fresh.map(({ tenant }) => tenant))];
  const receivers = await query<Receiver[]>`select id, tenant, topics from webhooks where tenant = any(${tenants}) order by id for key share`;
  const pairs = fresh.flatMap((it) => receivers.filter((receiver) => wants(receiver, it)).map(({ id }) => ({ webhook: id, event: it.event })));
  const [ids, webhooks, events] = [pairs.map(() => newId("dlv")), pairs.map(({ webhook }) => webhook), pairs.map(({ event }) => event)];
  if (pairs.length > 0)
    await query`
      insert into webhook_deliveries (id, webhook_id, event, next_at)
      select id, webhook, event, ${now}::timestamptz
      from unnest(${ids}::text[], ${webhooks}::text[], ${events}::text[]) as made (id, webhook, event)`;
  await query`update outbox set is_dispatched = true where event = any(${fresh.map(({ event }) => event)})`;
};

/** An event for one webhook alone, with its delivery. Gives the delivery's id. Runs in a transaction. */
export const insertPing = async (query: Query, { id, tenant }: Pick<WebhookRow, "id" | "tenant">, now: Date): Promise<string> => {
  const data: EventData<"webhook.ping"> = { webhook: id };
  const [told] = await query<{ event: string }[]>`
    insert into outbox (tenant, topic, subject, payload, is_dispatched)
    values (${tenant}, 'webhook.ping', ${id}, ${json(query, data)}, true) returning event`;
  const delivery = newId("dlv");
  await query`insert into webhook_deliveries (id, webhook_id, event, next_at) values (${delivery}, ${id}, ${told?.event ?? ""}, ${now})`;
  return delivery;
};

export interface Due {
  id: string;
  webhook: string;
  tenant: string;
}
/** What is being sent, and what must not be sent more now. */
export interface Busy {
  deliveries: readonly string[];
  webhooks: readonly string[];
  tenants: readonly string[];
}

/** Some of what is due at each webhook that can take more, those first that have waited longest. */
export const dueDeliveries = (query: Query, now: Date, { deliveries, webhooks, tenants }: Busy): Promise<Due[]> => query<Due[]>`
  select d.id, w.id as webhook, w.tenant from webhooks w cross join lateral (
    select id, next_at from webhook_deliveries
    where webhook_id = w.id and state = 'waiting' and next_at <= ${now} and id <> all(${[...deliveries]})
    order by next_at limit ${limit("webhookSendsOfOne")}
  ) d
  where w.paused is null and w.id <> all(${[...webhooks]}) and w.tenant <> all(${[...tenants]})
  order by d.next_at, d.id limit ${limit("webhookSends")}`;

export interface Outgoing {
  id: string;
  event: string;
  attempts: number;
  webhook: string;
  tenant: string;
  url: string;
  topic: Topic;
  payload: unknown;
  toldAt: Date;
}

/** What is to be sent; undefined when nobody waits for it any more. */
export const outgoing = async (query: Query, id: string): Promise<Outgoing | undefined> =>
  (
    await query<Outgoing[]>`
      select d.id, d.event, d.attempts, w.id as webhook, w.tenant, w.url, o.topic, o.payload, o.created_at as told_at
      from webhook_deliveries d join webhooks w on w.id = d.webhook_id join outbox o on o.event = d.event
      where d.id = ${id} and d.state = 'waiting' and w.paused is null`
  )[0];

export interface Attempted {
  state: DeliveryRow["state"];
  status: number | null;
  problem: string | null;
  durationMs: number;
  attemptedAt: Date;
  /** Null when there is no further attempt. */
  nextAt: Date | null;
}

/** What came of an attempt. One that was asked for again meanwhile is tried again all the same. */
export const saveAttempt = async (query: Query, { id, attempts }: Pick<Outgoing, "id" | "attempts">, of: Attempted): Promise<void> => {
  const isAskedAgain = query`(attempts <> ${attempts} and ${of.state} <> 'delivered')`;
  await query`
    update webhook_deliveries set status = ${of.status}, problem = ${of.problem}, duration_ms = ${Math.round(of.durationMs)},
      attempted_at = ${of.attemptedAt}, attempts = attempts + 1,
      state = case when ${isAskedAgain} then state else ${of.state} end,
      next_at = case when ${isAskedAgain} then next_at else coalesce(${of.nextAt}, next_at) end
    where id = ${id} and state = 'waiting'`;
};

const columns = (query: Query) => query`
  d.id, d.webhook_id, d.event, o.topic, d.state, d.attempts, d.next_at, d.status, d.problem, d.duration_ms, d.attempted_at, d.created_at`;

/** Newest first; `before` is the id of the one that they follow. */
export const deliveriesOf = (
  query: Query,
  webhook: string,
  { state, before, limit: most }: { state?: DeliveryRow["state"] | undefined; before?: string | undefined; limit: number },
): Promise<DeliveryRow[]> =>
  query<DeliveryRow[]>`
    select ${columns(query)} from webhook_deliveries d join outbox o on o.event = d.event
    where d.webhook_id = ${webhook} ${state === undefined ? query`` : query`and d.state = ${state}`} ${before === undefined ? query`` : query`and d.id < ${before}`}
    order by d.id desc limit ${most}`;

/** How many have not come to an end. */
export const waitingCount = async (query: Query, webhook: string): Promise<number> =>
  (await query<{ count: number }[]>`select count(*)::int as count from webhook_deliveries where webhook_id = ${webhook} and state = 'waiting'`)[0]?.count ?? 0;

/** Throws `not_found`. */
export const deliveryOf = async (query: Query, webhook: string, id: string): Promise<DeliveryRow> => {
  const [row] = await query<DeliveryRow[]>`
    select ${columns(query)} from webhook_deliveries d join outbox o on o.event = d.event where d.id = ${id} and d.webhook_id = ${webhook}`;
  if (!row) throw new SlipError("not_found", `The webhook has no delivery ${id}.`, { next: `List them with 'slip webhooks deliveries ${webhook}'.` });
  return row;
};

/** How many failed, and a hash that is another one when others did, or when one of them did once more. */
export const failedOf = async (query: Query, webhook: string): Promise<{ count: number; digest: string }> => {
  const [failed] = await query<{ count: number; digest: string }[]>`
    select count(*)::int as count, md5(coalesce(string_agg(concat_ws(' ', id, attempts, attempted_at), ',' order by id), '')) as digest
    from webhook_deliveries where webhook_id = ${webhook} and state = 'failed'`;
  if (!failed) throw new Error("A count has a row.");
  return failed;
};

/** The delivery of the ping that applying a plan has sent: all of a transaction has the same time. */
export const pingOfPlan = async (query: Query, webhook: string, plan: string): Promise<DeliveryRow | undefined> =>
  (
    await query<DeliveryRow[]>`
      select ${columns(query)} from webhook_deliveries d join outbox o on o.event = d.event join plans p on p.applied_at = d.created_at
      where p.id = ${plan} and d.webhook_id = ${webhook} and o.topic = 'webhook.ping'`
  )[0];

/** Lets one delivery, or all that failed, begin anew; gives how many. */
export const redeliver = async (query: Query, webhook: string, of: { delivery: string | undefined; now: Date }): Promise<number> => {
  const which = of.delivery === undefined ? query`state = 'failed'` : query`id = ${of.delivery}`;
  const rows = await query`
    update webhook_deliveries set state = 'waiting', attempts = 0, next_at = ${of.now} where webhook_id = ${webhook} and ${which} returning id`;
  return rows.length;
};

/** What a paused webhook has not had for as long as events are kept is given up, and goes with its event. */
export const giveUpOld = async (query: Query): Promise<void> => {
  await query`
    update webhook_deliveries d set state = 'failed', problem = 'It has waited for as long as events are kept.' from outbox o
    where o.event = d.event and d.state = 'waiting' and o.created_at < ${new Date(Date.now() - limit("eventKeptMs"))}`;
};
