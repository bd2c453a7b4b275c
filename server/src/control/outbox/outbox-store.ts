// Events for others, written in the transaction of the change that they tell of. Readers pull what came after the last id they saw.
import { json, type Query } from "#platform/database.ts";

export interface Event {
  tenant: string;
  topic: string;
  subject: string;
  payload: Record<string, unknown>;
}

export const announce = async (query: Query, { tenant, topic, subject, payload }: Event): Promise<void> => {
  await query`insert into outbox (tenant, topic, subject, payload) values (${tenant}, ${topic}, ${subject}, ${json(query, payload)})`;
};

const keptDays = 7;
export const trimOutbox = async (query: Query): Promise<void> => {
  await query`delete from outbox where created_at < now() - make_interval(days => ${keptDays})`;
};
