// What the authorization server keeps in PostgreSQL: ids as hashes, everything else sealed, for both may open a door.
import { createHash } from "node:crypto";
import type { Database, Query } from "#platform/database.ts";
import type { Sealing } from "../secrets/sealing.ts";

export type Payload = Record<string, unknown>;

export const hashOf = (value: string): Buffer => createHash("sha256").update(value).digest();

const placeOf = (model: string, id: Buffer): string[] => ["oauth", model, id.toString("hex")];
const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

interface Kept {
  sealed: Buffer;
  keyId: string;
  consumedAt: Date | null;
}

export interface Entry {
  model: string;
  id: string;
  payload: Payload;
  expiresIn: number | undefined;
}

const hashOrNull = (value: unknown): Buffer | null => (textOf(value) === undefined ? null : hashOf(String(value)));

export const saveEntry = async (query: Query, sealing: Sealing, { model, id, payload, expiresIn }: Entry): Promise<void> => {
  const hash = hashOf(id);
  const { keyId, sealed } = sealing.seal(JSON.stringify(payload), placeOf(model, hash));
  const expiresAt = expiresIn === undefined ? null : new Date(Date.now() + expiresIn * 1_000);
  await query`
    insert into oauth_entries (model, id, sealed, key_id, grant_id, uid, expires_at)
    values (${model}, ${hash}, ${sealed}, ${keyId}, ${textOf(payload.grantId) ?? null}, ${hashOrNull(payload.uid)}, ${expiresAt})
    on conflict (model, id) do update set
      sealed = excluded.sealed, key_id = excluded.key_id, grant_id = excluded.grant_id, uid = excluded.uid, expires_at = excluded.expires_at`;
};

const opened = (sealing: Sealing, model: string, hash: Buffer, row: Kept | undefined): Payload | undefined => {
  if (!row) return undefined;
  const payload = JSON.parse(sealing.open(row, placeOf(model, hash))) as Payload;
  return row.consumedAt === null ? payload : { ...payload, consumed: Math.floor(row.consumedAt.getTime() / 1_000) };
};

export const findEntry = async (query: Query, sealing: Sealing, model: string, id: string): Promise<Payload | undefined> => {
  const hash = hashOf(id);
  const [row] = await query<Kept[]>`select sealed, key_id, consumed_at from oauth_entries where model = ${model} and id = ${hash}`;
  return opened(sealing, model, hash, row);
};

export const findByUid = async (query: Query, sealing: Sealing, model: string, uid: string): Promise<Payload | undefined> => {
  const [row] = await query<(Kept & { id: Buffer })[]>`
    select id, sealed, key_id, consumed_at from oauth_entries where model = ${model} and uid = ${hashOf(uid)}`;
  return row && opened(sealing, model, row.id, row);
};

/** Whether this call is the one that used it up: of two at the same time only one is. */
export const consumeEntry = async (query: Query, model: string, id: string): Promise<boolean> => {
  const rows = await query`update oauth_entries set consumed_at = now() where model = ${model} and id = ${hashOf(id)} and consumed_at is null returning id`;
  return rows.length > 0;
};

export const grantOfEntry = async (query: Query, model: string, id: string): Promise<string | undefined> => {
  const [row] = await query<{ grantId: string | null }[]>`select grant_id from oauth_entries where model = ${model} and id = ${hashOf(id)}`;
  return row?.grantId ?? undefined;
};

export const dropEntry = async (query: Query, model: string, id: string): Promise<void> => {
  await query`delete from oauth_entries where model = ${model} and id = ${hashOf(id)}`;
};

/** Of one model, or of all. */
export const dropEntriesOfGrant = async (query: Query, grantId: string, model?: string): Promise<void> => {
  if (model === undefined) await query`delete from oauth_entries where grant_id = ${grantId}`;
  else await query`delete from oauth_entries where grant_id = ${grantId} and model = ${model}`;
};

/** Clients that no living connection needs are dropped, the oldest first, so that fewer than `most` are left; gives whether they are. */
export const makeRoomForClient = async (query: Query, most: number): Promise<boolean> => {
  const [row] = await query<{ count: number }[]>`select count(*) as count from oauth_entries where model = 'Client'`;
  const excess = (row?.count ?? 0) - most + 1;
  if (excess <= 0) return true;
  const gone = await query`
    delete from oauth_entries where model = 'Client' and id in (
      select e.id from oauth_entries e where e.model = 'Client' and not exists (
        select 1 from connections c join grants g on g.id = c.grant_id where sha256(convert_to(c.client_id, 'UTF8')) = e.id and g.revoked_at is null and c.expires_at > now())
      order by e.created_at limit ${excess}) returning id`;
  return gone.length >= excess;
};

const unusedClientDays = 30;

/** What has expired, and clients that registered long ago and have no connection. */
export const trimEntries = async (database: Database): Promise<void> => {
  await database`delete from oauth_entries where expires_at < now() - interval '1 hour'`;
  await database`
    delete from oauth_entries e where e.model = 'Client' and e.created_at < now() - make_interval(days => ${unusedClientDays}) and not exists (
      select 1 from connections c join grants g on g.id = c.grant_id where sha256(convert_to(c.client_id, 'UTF8')) = e.id and g.revoked_at is null and c.expires_at > now())`;
};

const batch = 100;

/** As resealSecrets, of what the authorization server keeps. */
export const resealEntries = async (query: Query, sealing: Sealing, keyId: string): Promise<number> => {
  const rows = await query<{ model: string; id: Buffer; keyId: string; sealed: Buffer }[]>`
    select model, id, key_id, sealed from oauth_entries where key_id <> ${keyId} order by model, id limit ${batch} for update`;
  for (const { model, id, ...old } of rows) {
    const anew = sealing.seal(sealing.open(old, placeOf(model, id)), placeOf(model, id));
    await query`update oauth_entries set sealed = ${anew.sealed}, key_id = ${anew.keyId} where model = ${model} and id = ${id}`;
  }
  return rows.length;
};
