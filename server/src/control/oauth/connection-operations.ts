import { SlipError } from "@slipstream/contract/errors.ts";
import type { Query } from "#platform/database.ts";
import type { Token } from "../access/token.ts";
import type { Handlers } from "../api/call.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";
import { type Connection, connectionsOf, endConnection, lockGrant } from "./connection-store.ts";

/** Who administers sees all of the tenant, a person their own, and an agent the one that it is. */
const seenBy = async (query: Query, { tenant, person, verbs, grantId }: Token): Promise<Connection[]> => {
  if (grantId !== null) return (await connectionsOf(query, tenant)).filter((connection) => connection.grantId === grantId);
  if (verbs.includes("administer")) return connectionsOf(query, tenant);
  return person === null ? [] : connectionsOf(query, tenant, person);
};

/** One that the caller sees. Throws `not_found`. */
export const connectionFor = async (query: Query, token: Token, id: string): Promise<Connection> => {
  const found = (await seenBy(query, token)).find(({ grantId }) => grantId === id);
  if (!found) throw new SlipError("not_found", `There is no connection ${id}.`, { next: "List them with 'slip connections list'." });
  return found;
};

/** What plans of its end remember of a connection. Pure. */
export const stateOfConnection = ({ grantId, clientName, personName }: Connection): Fingerprint => ({
  [`connection ${grantId}`]: `${clientName} for ${personName}`,
});

export const connectionOperations = ({
  database,
  tokens,
}: Pick<Control, "database" | "tokens">): Pick<Handlers, "connections.list" | "connections.revoke"> => ({
  async "connections.list"(_, call) {
    const connections = await seenBy(database, call.token);
    return {
      connections: connections.map(({ grantId, clientName, clientId, personName, terms, createdAt, expiresAt }) => ({
        connection: grantId,
        client: clientName,
        clientId,
        person: personName,
        grant: terms,
        createdAt: createdAt.toISOString(),
        expiresAt: expiresAt.toISOString(),
      })),
    };
  },

  async "connections.revoke"({ connection }, call) {
    await database.begin(async (query) => {
      await lockGrant(query, connection);
      const row = await connectionFor(query, call.token, connection);
      await call.expects?.check(query, { state: () => stateOfConnection(row) });
      await endConnection(query, connection);
      await journal(query, call, { operation: "connections.revoke", input: { connection } });
    });
    await tokens.refresh();
    return { connection };
  },
});
