// What goes with a member who leaves: their tokens, and what agents may do for them.
import type { Query } from "#platform/database.ts";
import { type Connection, connectionsOf } from "../oauth/connection-store.ts";
import { type ListedToken, tokensOf } from "./token-store.ts";

export interface Belongings {
  /** Those of agents that have signed in are not among them: they come and go with their connections. */
  tokens: ListedToken[];
  connections: Connection[];
}

export const belongingsOf = async (query: Query, tenant: string, person: string): Promise<Belongings> => {
  const [tokens, connections] = [await tokensOf(query, tenant), await connectionsOf(query, tenant, person)];
  return { tokens: tokens.filter((token) => token.person === person && token.kind !== "oauth"), connections };
};
