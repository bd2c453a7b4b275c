// The journal in PostgreSQL: who asked for what, and what undoes it. Written in the transaction of the change.
import type { JournalEntry } from "@slipstream/contract/words.ts";
import { json, type Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import type { Call } from "../api/call.ts";

export interface Journaled {
  operation: string;
  app?: string | undefined;
  /** Never with the value of a secret. */
  input: Record<string, unknown>;
  inverse?: { operation: string; input: Record<string, unknown> } | undefined;
}

/** Who asks: a caller, or a part of the platform that changes something by itself. */
export type Journaling = Pick<Call, "tenant" | "actor" | "requestId" | "journaled">;

export const journal = async (query: Query, call: Journaling, { operation, app, input, inverse }: Journaled): Promise<void> => {
  call.journaled = true;
  await query`
    insert into journal (id, tenant, actor, request_id, operation, app, input, inverse)
    values (${newId("jrn")}, ${call.tenant}, ${call.actor}, ${call.requestId}, ${operation}, ${app ?? null}, ${json(query, input)},
      ${inverse === undefined ? null : json(query, inverse)})`;
};

interface Row {
  id: string;
  time: Date;
  actor: string;
  requestId: string;
  operation: string;
  app: string | null;
  input: Record<string, unknown>;
  inverse: { operation: string; input: Record<string, unknown> } | null;
}

export const journalOf = async (
  query: Query,
  tenant: string,
  of: { app?: string | undefined; before?: string | undefined; limit: number },
): Promise<JournalEntry[]> => {
  const rows = await query<Row[]>`
    select id, time, actor, request_id, operation, app, input, inverse from journal
    where tenant = ${tenant} ${of.app === undefined ? query`` : query`and app = ${of.app}`}
      ${of.before === undefined ? query`` : query`and id < ${of.before}`} order by id desc limit ${of.limit}`;
  return rows.map(({ time, app, inverse, ...row }) => ({
    ...row,
    time: time.toISOString(),
    ...(app === null ? {} : { app }),
    ...(inverse === null ? {} : { inverse }),
  }));
};
