// Signing secrets in PostgreSQL: sealed, the newest and those that it took the place of a while ago.
import { limit } from "@slipstream/contract/limits.ts";
import type { Query } from "#platform/database.ts";
import type { Sealing } from "../secrets/sealing.ts";

export interface SecretOwner {
  tenant: string;
  webhook: string;
}

interface Row {
  version: number;
  sealed: Buffer;
  keyId: string;
}

const signingPlace = ({ tenant, webhook }: SecretOwner, version: number): string[] => ["webhook", tenant, webhook, String(version)];

/** Of the newest one: each secret has the next number. */
export const signingVersion = async (query: Query, webhook: string): Promise<number> =>
  (await query<{ version: number }[]>`select coalesce(max(version), 0) as version from webhook_secrets where webhook_id = ${webhook}`)[0]?.version ?? 0;

/** The secret that signs from now on; those of before sign until `endsAt`, and no more than some of them. */
export const addSigningSecret = async (
  query: Query,
  sealing: Sealing,
  owner: SecretOwner,
  of: { secret: string; endsAt: Date; idempotencyKey?: string | undefined },
): Promise<void> => {
  const { webhook } = owner;
  const version = (await signingVersion(query, webhook)) + 1;
  const { keyId, sealed } = sealing.seal(of.secret, signingPlace(owner, version));
  await query`
    insert into webhook_secrets (webhook_id, version, sealed, key_id, idempotency_key)
    values (${webhook}, ${version}, ${sealed}, ${keyId}, ${of.idempotencyKey ?? null})`;
  await query`
    update webhook_secrets set signs_until = least(coalesce(signs_until, 'infinity'), ${of.endsAt}::timestamptz)
    where webhook_id = ${webhook} and version < ${version}`;
  await query`delete from webhook_secrets where webhook_id = ${webhook} and (signs_until < now() or version <= ${version - limit("webhookSecrets")})`;
};

/** The secret that a request with this key has made, and when those of before it end. */
export const secretWithKey = async (query: Query, sealing: Sealing, owner: SecretOwner, key: string): Promise<{ secret: string; endsAt: Date } | undefined> => {
  const [row] = await query<(Row & { endsAt: Date | null })[]>`
    select s.version, s.sealed, s.key_id, (select max(signs_until) from webhook_secrets b where b.webhook_id = s.webhook_id and b.version < s.version) as ends_at
    from webhook_secrets s where s.webhook_id = ${owner.webhook} and s.idempotency_key = ${key}`;
  return row && { secret: sealing.open(row, signingPlace(owner, row.version)), endsAt: row.endsAt ?? new Date() };
};

/** Those that sign now, the newest first. */
export const signingSecrets = async (query: Query, sealing: Sealing, owner: SecretOwner): Promise<string[]> => {
  const rows = await query<Row[]>`
    select version, sealed, key_id from webhook_secrets
    where webhook_id = ${owner.webhook} and (signs_until is null or signs_until > now()) order by version desc`;
  return rows.map(({ version, ...value }) => sealing.open(value, signingPlace(owner, version)));
};

/** As `resealSecrets`: seals some anew that another key than `keyId` sealed; gives how many. */
export const resealSigningSecrets = async (query: Query, sealing: Sealing, { keyId, batch }: { keyId: string; batch: number }): Promise<number> => {
  const rows = await query<(Row & SecretOwner)[]>`
    select w.tenant, s.webhook_id as webhook, s.version, s.sealed, s.key_id from webhook_secrets s join webhooks w on w.id = s.webhook_id
    where s.key_id <> ${keyId} order by s.webhook_id, s.version limit ${batch} for update of s`;
  for (const { tenant, webhook, version, ...old } of rows) {
    const place = signingPlace({ tenant, webhook }, version);
    const anew = sealing.seal(sealing.open(old, place), place);
    await query`update webhook_secrets set sealed = ${anew.sealed}, key_id = ${anew.keyId} where webhook_id = ${webhook} and version = ${version}`;
  }
  return rows.length;
};
