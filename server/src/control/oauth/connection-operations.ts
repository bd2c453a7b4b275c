import { SlipError } from "@slipstream/contract/errors.ts";
import type { Query } from "#platform/database.ts";
import type { Token } from "../access/token.ts";
import type { Handlers } from "../api/call.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import { type Connection, connectionsOf, endConnection } from "./connection-store.ts";

/** Who administers sees all of the tenant, a person their own, and an agent the one that it is. */
const seenBy = async (query: Query, { tenant, person, verbs, grantId }: Token): Promise<Connection[]> => {
  if (grantId !== null) return (await connectionsOf(query, tenant)).filter((connection) => connection.grantId === grantId);
  if (verbs.includes("administer")) return connectionsOf(query, tenant);
  return person === null ? [] : connectionsOf(query, tenant, person);
};

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
      if (!(await seenBy(query, call.token)).some(({ grantId }) => grantId === connection))
        throw new SlipError("not_found", `There is no connection ${connection}.`, { next: "List them with 'slip connections list'." });
      await endConnection(query, connection);
      await journal(query, call, { operation: "connections.revoke", input: { connection } });
    });
    await tokens.refresh();
    return { connection };
  },
});
