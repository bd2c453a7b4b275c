// Events for others, written in the transaction of the change that they tell of. Webhooks take them from here.
import type { EventData } from "@slipstream/contract/events.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Topic } from "@slipstream/contract/words.ts";
import { json, type Query } from "#platform/database.ts";

export interface Event<T extends Topic> {
  tenant: string;
  topic: T;
  /** Id of what it tells of. */
  subject: string;
  /** In the words of the contract, and never with the value of a secret. */
  data: EventData<T>;
}

export const announce = async <T extends Topic>(query: Query, { tenant, topic, subject, data }: Event<T>): Promise<void> => {
  await query`insert into outbox (tenant, topic, subject, payload) values (${tenant}, ${topic}, ${subject}, ${json(query, data)})`;
};

/** An event goes once every webhook has it or gave it up; its deliveries go with it. */
export const trimOutbox = async (query: Query): Promise<void> => {
  await query`
    delete from outbox o where created_at < ${new Date(Date.now() - limit("eventKeptMs"))} and is_dispatched
      and not exists (select 1 from webhook_deliveries d where d.event = o.event and d.state = 'waiting')`;
};
