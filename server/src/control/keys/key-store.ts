// Which key each sealed value needs, in PostgreSQL.
import type { Query } from "#platform/database.ts";
import { placeOfPlan } from "../plans/plan-store.ts";
import type { Sealing } from "../secrets/sealing.ts";
import { resealSigningSecrets } from "../webhooks/signing-secret-store.ts";

/** Values are sealed anew so many at a time: each batch is a transaction of some milliseconds. */
const batch = 100;

export interface KeyRow {
  id: string;
  createdAt: Date;
  /** Versions of secrets, and certificates' keys, that are sealed with it. */
  secrets: number;
  certificates: number;
  /** Signing secrets of webhooks. */
  webhooks: number;
}

export const keysOf = (query: Query): Promise<KeyRow[]> => query<KeyRow[]>`
  select id, created_at, (select count(*) from secret_versions where key_id = k.id) as secrets, (select count(*) from certificates where key_id = k.id) as certificates,
    (select count(*) from webhook_secrets where key_id = k.id) as webhooks
  from sealing_keys k order by created_at desc`;

export const noteKey = async (query: Query, id: string): Promise<void> => {
  await query`insert into sealing_keys (id) values (${id}) on conflict do nothing`;
};

/** From now on another key is to take its place. */
export const letKeyLeave = async (query: Query, id: string): Promise<void> => {
  await query`update sealing_keys set is_leaving = true where id = ${id}`;
};

export const isLeaving = async (query: Query, id: string): Promise<boolean> =>
  (await query`select 1 from sealing_keys where id = ${id} and is_leaving`).length > 0;

/** Waits for those who seal with it at this moment; throws when something is sealed with it. */
export const forgetKey = async (query: Query, id: string): Promise<void> => {
  await query`delete from sealing_keys where id = ${id}`;
};

/** A value that was sealed before keys had names, with its place. */
export const unnamedValue = async (query: Query): Promise<{ sealed: Buffer; place: string[] } | undefined> => {
  const secrets = await query<{ tenant: string; appId: string; name: string; version: number; sealed: Buffer }[]>`
    select a.tenant, s.app_id, s.name, s.version, s.sealed from secret_versions s join apps a on a.id = s.app_id where s.key_id is null limit 1`;
  const [secret] = secrets;
  if (secret) return { sealed: secret.sealed, place: [secret.tenant, secret.appId, secret.name, String(secret.version)] };
  const [certificate] = await query<{ name: string; sealedKey: Buffer }[]>`select name, sealed_key from certificates where key_id is null limit 1`;
  return certificate && { sealed: certificate.sealedKey, place: ["certificate", certificate.name] };
};

/** Says of all values without a key's name that this is the one. */
export const nameUnnamed = async (query: Query, id: string): Promise<void> => {
  await query`update secret_versions set key_id = ${id} where key_id is null`;
  await query`update certificates set key_id = ${id} where key_id is null`;
};

/** Seals some secrets anew that another key than `keyId` sealed; gives how many. Runs in a transaction. */
export const resealSecrets = async (query: Query, sealing: Sealing, keyId: string): Promise<number> => {
  const rows = await query<{ tenant: string; appId: string; name: string; version: number; keyId: string; sealed: Buffer }[]>`
    select a.tenant, s.app_id, s.name, s.version, s.key_id, s.sealed from secret_versions s join apps a on a.id = s.app_id
    where s.key_id <> ${keyId} order by s.app_id, s.name, s.version limit ${batch} for update of s`;
  for (const { tenant, appId, name, version, ...old } of rows) {
    const place = [tenant, appId, name, String(version)];
    const anew = sealing.seal(sealing.open(old, place), place);
    await query`update secret_versions set sealed = ${anew.sealed}, key_id = ${anew.keyId} where app_id = ${appId} and name = ${name} and version = ${version}`;
  }
  return rows.length;
};

/** As resealSecrets, of what was planned. */
export const resealPlans = async (query: Query, sealing: Sealing, keyId: string): Promise<number> => {
  const rows = await query<{ id: string; tenant: string; keyId: string; sealed: Buffer }[]>`
    select id, tenant, key_id, sealed from plans where key_id <> ${keyId} order by id limit ${batch} for update`;
  for (const { id, tenant, ...old } of rows) {
    const place = placeOfPlan({ id, tenant });
    const anew = sealing.seal(sealing.open(old, place), place);
    await query`update plans set sealed = ${anew.sealed}, key_id = ${anew.keyId} where id = ${id}`;
  }
  return rows.length;
};

/** As resealSecrets, of the keys of certificates. */
export const resealCertificates = async (query: Query, sealing: Sealing, keyId: string): Promise<number> => {
  const rows = await query<{ name: string; keyId: string; sealedKey: Buffer }[]>`
    select name, key_id, sealed_key from certificates where key_id <> ${keyId} order by name limit ${batch} for update`;
  for (const { name, keyId: oldId, sealedKey } of rows) {
    const place = ["certificate", name];
    const anew = sealing.seal(sealing.open({ keyId: oldId, sealed: sealedKey }, place), place);
    await query`update certificates set sealed_key = ${anew.sealed}, key_id = ${anew.keyId} where name = ${name}`;
  }
  return rows.length;
};

/** As resealSecrets, of the signing secrets of webhooks. */
export const resealWebhooks = (query: Query, sealing: Sealing, keyId: string): Promise<number> => resealSigningSecrets(query, sealing, { keyId, batch });
