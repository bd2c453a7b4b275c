// Secrets in PostgreSQL: sealed versions that never change, and which version the next release will have.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Query } from "#platform/database.ts";
import { type Sealing, sealBytes } from "./sealing.ts";

export interface SecretOwner {
  tenant: string;
  appId: string;
}
export interface SecretRow {
  name: string;
  version: number;
  updatedAt: Date;
}

const place = ({ tenant, appId }: SecretOwner, name: string, version: number): string[] => [tenant, appId, name, String(version)];

export const secretsOf = (query: Query, appId: string): Promise<SecretRow[]> =>
  query<SecretRow[]>`select name, version, updated_at from secrets where app_id = ${appId} order by name`;

export const secretVersions = async (query: Query, appId: string): Promise<Record<string, number>> =>
  Object.fromEntries((await secretsOf(query, appId)).map(({ name, version }) => [name, version]));

/** The newest version of each name, of those too that were removed or rolled back from. */
export const lastVersionsOf = async (query: Query, appId: string): Promise<Record<string, number>> => {
  const rows = await query<
    { name: string; version: number }[]
  >`select name, max(version) as version from secret_versions where app_id = ${appId} group by name`;
  return Object.fromEntries(rows.map(({ name, version }) => [name, version]));
};

/** Of the values that the next release will have. */
export const secretsBytesOf = async (query: Query, appId: string): Promise<number> => {
  const [row] = await query<{ bytes: number }[]>`
    select coalesce(sum(octet_length(v.sealed) - ${sealBytes}::int), 0)::int as bytes
    from secrets s join secret_versions v on v.app_id = s.app_id and v.name = s.name and v.version = s.version where s.app_id = ${appId}`;
  return row?.bytes ?? 0;
};

/** Seals a value as the next version of a name, and makes it the one for the next release. */
export const setSecret = async (query: Query, sealing: Sealing, owner: SecretOwner, secret: { name: string; value: string }): Promise<number> => {
  const { appId } = owner;
  const { name, value } = secret;
  const last = await query<{ version: number }[]>`select coalesce(max(version), 0) as version from secret_versions where app_id = ${appId} and name = ${name}`;
  const version = (last[0]?.version ?? 0) + 1;
  const { keyId, sealed } = sealing.seal(value, place(owner, name, version));
  await query`insert into secret_versions (app_id, name, version, sealed, key_id) values (${appId}, ${name}, ${version}, ${sealed}, ${keyId})`;
  await pointSecret(query, appId, name, version);
  return version;
};

const pointSecret = async (query: Query, appId: string, name: string, version: number): Promise<void> => {
  await query`
    insert into secrets (app_id, name, version) values (${appId}, ${name}, ${version})
    on conflict (app_id, name) do update set version = excluded.version, updated_at = now()`;
};

/** Makes earlier versions the current ones. Throws `not_found` for one that there never was. */
export const restoreVersions = async (query: Query, appId: string, versions: Readonly<Record<string, number>>): Promise<void> => {
  for (const [name, version] of Object.entries(versions)) {
    const known = await query`select 1 from secret_versions where app_id = ${appId} and name = ${name} and version = ${version}`;
    if (known.length === 0) throw new SlipError("not_found", `The app has no version ${version} of the secret ${name}.`);
    await pointSecret(query, appId, name, version);
  }
};

export const removeSecrets = async (query: Query, appId: string, names: readonly string[]): Promise<string[]> =>
  (await query<{ name: string }[]>`delete from secrets where app_id = ${appId} and name = any(${[...names]}) returning name`).map((row) => row.name);

/** Makes the current versions exactly these. */
export const replaceSecrets = async (query: Query, appId: string, versions: Readonly<Record<string, number>>): Promise<void> => {
  await query`delete from secrets where app_id = ${appId} and name <> all(${Object.keys(versions)})`;
  for (const [name, version] of Object.entries(versions)) await pointSecret(query, appId, name, version);
};

/** The values of some versions. Throws when one is not there or does not open. */
export const openSecrets = async (
  query: Query,
  sealing: Sealing,
  owner: SecretOwner,
  versions: Readonly<Record<string, number>>,
): Promise<Record<string, string>> => {
  const names = Object.keys(versions);
  if (names.length === 0) return {};
  const rows = await query<{ name: string; version: number; sealed: Buffer; keyId: string }[]>`
    select name, version, sealed, key_id from secret_versions
    where app_id = ${owner.appId} and (name, version) in (select * from unnest(${names}::text[], ${Object.values(versions)}::integer[]))`;
  if (rows.length !== names.length) throw new Error("A version of a secret is not there.");
  return Object.fromEntries(rows.map(({ name, version, ...value }) => [name, sealing.open(value, place(owner, name, version))]));
};
