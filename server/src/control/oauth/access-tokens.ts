// Access tokens as tokens of the platform: rows that the gate finds by their hash, bound to a person, a grant and an end.
import type { Verb } from "@slipstream/contract/access.ts";
import { errors, type Payload } from "oidc-provider";
import type { Query } from "#platform/database.ts";
import { insertToken } from "../access/token-store.ts";
import { connectionOf } from "./connection-store.ts";
import { scopes, verbsIn } from "./oauth.ts";
import { hashOf } from "./oauth-store.ts";

interface Issued {
  value: string;
  payload: Payload;
  resources: readonly string[];
}

const audienceOf = ({ aud }: Payload): string | undefined => {
  const [one, ...others] = Array.isArray(aud) ? aud : [aud];
  return typeof one === "string" && others.length === 0 ? one : undefined;
};

/** What its giver may do is beyond the grant, and can be approved; a token that was asked for with less than the grant has no more than that. */
const verbsOf = (granted: readonly Verb[], asked: readonly Verb[]): readonly Verb[] => (granted.every((verb) => asked.includes(verb)) ? scopes : asked);

/** Throws where the token would be for something else than this platform: nothing of that kind is ever given out. */
export const keepAccessToken = async (query: Query, { value, payload, resources }: Issued): Promise<void> => {
  const audience = audienceOf(payload);
  if (audience === undefined || !resources.includes(audience)) throw new Error("An access token without our audience was about to be issued.");
  const connection = await connectionOf(query, String(payload.grantId));
  // It was ended in this moment, by a person or because its code came twice.
  if (!connection) throw new errors.InvalidGrant("the connection has ended");
  const { tenant, person, personName, clientName, grantId } = connection;
  await insertToken(query, {
    tenant,
    actor: `${clientName} for ${personName}`,
    kind: "oauth",
    name: clientName,
    person,
    sha256: hashOf(value),
    verbs: verbsOf(connection.terms.verbs, verbsIn(payload.scope)),
    grantId,
    createdBy: personName,
    expiresAt: new Date(Math.min(Number(payload.exp) * 1_000, connection.expiresAt.getTime())),
  });
};

export const dropAccessToken = async (query: Query, value: string): Promise<void> => {
  await query`delete from tokens where kind = 'oauth' and sha256 = ${hashOf(value)}`;
};
