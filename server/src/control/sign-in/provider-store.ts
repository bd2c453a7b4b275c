// Where people sign in elsewhere, in PostgreSQL; the client's secret is sealed.
import type { Query } from "#platform/database.ts";
import type { Sealed, Sealing } from "../secrets/sealing.ts";

export type ProviderKind = "oidc" | "github";

export interface SignInProvider {
  name: string;
  kind: ProviderKind;
  issuer: string;
  clientId: string;
  clientSecret: string;
}

export interface ListedProvider extends Omit<SignInProvider, "clientSecret"> {
  createdAt: Date;
}

const placeOf = (name: string): string[] => ["provider", name];

export const listProviders = (query: Query): Promise<ListedProvider[]> =>
  query<ListedProvider[]>`select name, kind, issuer, client_id, created_at from providers order by name`;

export const findProvider = async (query: Query, sealing: Sealing, name: string): Promise<SignInProvider | undefined> => {
  const [row] = await query<(Omit<SignInProvider, "clientSecret"> & { sealedSecret: Buffer; keyId: string })[]>`
    select name, kind, issuer, client_id, sealed_secret, key_id from providers where name = ${name}`;
  if (!row) return undefined;
  const { sealedSecret: sealed, keyId, ...provider } = row;
  return { ...provider, clientSecret: sealing.open({ sealed, keyId }, placeOf(name)) };
};

/** All of them; those who change some do so one after the other. */
export const lockProviders = async (query: Query): Promise<ListedProvider[]> => {
  await query`lock table providers in share row exclusive mode`;
  return listProviders(query);
};

/** Nobody has the name or the issuer. */
export const insertProvider = async (query: Query, sealing: Sealing, { name, kind, issuer, clientId, clientSecret }: SignInProvider): Promise<void> => {
  const { sealed, keyId }: Sealed = sealing.seal(clientSecret, placeOf(name));
  await query`
    insert into providers (name, kind, issuer, client_id, sealed_secret, key_id) values (${name}, ${kind}, ${issuer}, ${clientId}, ${sealed}, ${keyId})`;
};

/** How many people are known by an issuer. */
export const peopleOfIssuer = async (query: Query, issuer: string): Promise<number> =>
  (await query<{ count: number }[]>`select count(distinct person)::int as count from identities where issuer = ${issuer}`)[0]?.count ?? 0;

export const removeProvider = async (query: Query, name: string): Promise<boolean> =>
  (await query`delete from providers where name = ${name} returning name`).length > 0;

/** As resealSecrets, of the secrets that providers gave. */
export const resealProviders = async (query: Query, sealing: Sealing, keyId: string): Promise<number> => {
  const rows = await query<{ name: string; keyId: string; sealedSecret: Buffer }[]>`
    select name, key_id, sealed_secret from providers where key_id <> ${keyId} order by name limit 100 for update`;
  for (const { name, keyId: oldId, sealedSecret } of rows) {
    const anew = sealing.seal(sealing.open({ keyId: oldId, sealed: sealedSecret }, placeOf(name)), placeOf(name));
    await query`update providers set sealed_secret = ${anew.sealed}, key_id = ${anew.keyId} where name = ${name}`;
  }
  return rows.length;
};
