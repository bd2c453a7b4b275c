// The journal in PostgreSQL: who asked for what, and what undoes it. Written in the transaction of the change.
import type { Grant } from "@slipstream/contract/access.ts";
import type { JournalEntry } from "@slipstream/contract/words.ts";
import { json, type Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import { coveredApps } from "../access/coverage.ts";
import { isScoped } from "../access/decide.ts";
import type { Call } from "../api/call.ts";

export interface Journaled {
  operation: string;
  app?: string | undefined;
  /** Never with the value of a secret. */
  input: Record<string, unknown>;
  inverse?: { operation: string; input: Record<string, unknown> } | undefined;
}

/** Who asks: a caller, or a part of the platform that changes something by itself. */
export type Journaling = Pick<Call, "tenant" | "actor" | "requestId" | "journaled" | "approved">;

/** What was approved is done and journaled already: what was begun again is taken back. */
export class AlreadyJournaled extends Error {}

/** Throws AlreadyJournaled. */
export const journal = async (query: Query, call: Journaling, { operation, app, input, inverse }: Journaled): Promise<void> => {
  call.journaled = true;
  const rows = await query`
    insert into journal (id, tenant, actor, approved_by, approval, request_id, operation, app, input, inverse)
    values (${newId("jrn")}, ${call.tenant}, ${call.actor}, ${call.approved?.by ?? null}, ${call.approved?.id ?? null}, ${call.requestId}, ${operation},
      ${app ?? null}, ${json(query, input)}, ${inverse === undefined ? null : json(query, inverse)})
    on conflict (approval) do nothing returning id`;
  if (rows.length === 0) throw new AlreadyJournaled(`The approval ${call.approved?.id} is journaled already.`);
};

interface Row {
  id: string;
  time: Date;
  actor: string;
  approvedBy: string | null;
  requestId: string;
  operation: string;
  app: string | null;
  input: Record<string, unknown>;
  inverse: { operation: string; input: Record<string, unknown> } | null;
}

/** Entries of apps that there are, and of all else for a caller whose grant covers the whole tenant. An app that has the name of another one of before has not its entries. */
const covered = (query: Query, tenant: string, grant: Grant | undefined) =>
  isScoped(grant)
    ? query`and exists (select 1 from apps a where a.tenant = ${tenant} and a.name = j.app and a.created_at <= j.time and ${coveredApps(query, grant)})`
    : query``;

export const journalOf = async (
  query: Query,
  { tenant, token }: Pick<Call, "tenant" | "token">,
  of: { app?: string | undefined; before?: string | undefined; limit: number },
): Promise<JournalEntry[]> => {
  const rows = await query<Row[]>`
    select j.id, j.time, j.actor, j.approved_by, j.request_id, j.operation, j.app, j.input, j.inverse from journal j
    where j.tenant = ${tenant} ${of.app === undefined ? query`` : query`and j.app = ${of.app}`} ${covered(query, tenant, token.grant)}
      ${of.before === undefined ? query`` : query`and j.id < ${of.before}`} order by j.id desc limit ${of.limit}`;
  return rows.map(({ time, app, approvedBy, inverse, ...row }) => ({
    ...row,
    time: time.toISOString(),
    ...(approvedBy === null ? {} : { approvedBy }),
    ...(app === null ? {} : { app }),
    ...(inverse === null ? {} : { inverse }),
  }));
};
