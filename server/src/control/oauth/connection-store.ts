// Connections: a client that a person lets act for them, with the grant that they chose. Its grant's id is the library's too.
import type { Grant } from "@slipstream/contract/access.ts";
import type { Query } from "#platform/database.ts";
import { insertGrant } from "../access/token-store.ts";
import { dropEntriesOfGrant } from "./oauth-store.ts";

export interface Connection {
  grantId: string;
  tenant: string;
  person: string;
  /** As the journal calls them. */
  personName: string;
  clientId: string;
  clientName: string;
  terms: Grant;
  createdAt: Date;
  expiresAt: Date;
}

export interface NewConnection {
  tenant: string;
  person: string;
  clientId: string;
  clientName: string;
  terms: Grant;
  expiresAt: Date;
}

/** Gives the id of its grant. */
export const addConnection = async (query: Query, { tenant, person, clientId, clientName, terms, expiresAt }: NewConnection): Promise<string> => {
  const grantId = await insertGrant(query, { tenant, person, terms });
  await query`insert into connections (grant_id, client_id, client_name, expires_at) values (${grantId}, ${clientId}, ${clientName}, ${expiresAt})`;
  return grantId;
};

const columns = (query: Query) => query`
  c.grant_id, g.tenant, g.person, coalesce(p.email, p.name) as person_name, c.client_id, c.client_name, g.terms, c.created_at, c.expires_at
  from connections c join grants g on g.id = c.grant_id join people p on p.id = g.person
  where g.revoked_at is null and c.expires_at > now()`;

/** Undefined for one that ended. */
export const connectionOf = async (query: Query, grantId: string): Promise<Connection | undefined> => {
  const [row] = await query<Connection[]>`select ${columns(query)} and c.grant_id = ${grantId}`;
  return row;
};

/** Those that live, newest first: of the tenant, or of one person in it. */
export const connectionsOf = async (query: Query, tenant: string, person?: string): Promise<Connection[]> =>
  query<Connection[]>`
    select ${columns(query)} and g.tenant = ${tenant} and (${person ?? null}::text is null or g.person = ${person ?? null}) order by c.grant_id desc`;

export const grantLives = async (query: Query, grantId: string): Promise<boolean> => (await connectionOf(query, grantId)) !== undefined;

export const dropAccessTokensOfGrant = async (query: Query, grantId: string): Promise<void> => {
  await query`delete from tokens where kind = 'oauth' and grant_id = ${grantId}`;
};

/** Waits for those who end it. */
export const lockGrant = async (query: Query, grantId: string): Promise<void> => {
  await query`select id from grants where id = ${grantId} for update`;
};

/** Ends it and every token, code and refresh token of it; nothing of it comes back. */
export const endConnection = async (query: Query, grantId: string): Promise<void> => {
  await query`update grants set revoked_at = coalesce(revoked_at, now()) where id = ${grantId}`;
  await dropAccessTokensOfGrant(query, grantId);
  await dropEntriesOfGrant(query, grantId);
};
