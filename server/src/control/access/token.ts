// Who a bearer token is. Pure, but for the hash.
import { createHash } from "node:crypto";
import { type Grant, type Permission, type Role, Verb, verbsOf } from "@slipstream/contract/access.ts";

/** `owner`: the one in the file of the installation. `invitation`: the secret of one, which lets somebody in and nothing else. */
export type TokenKind = "owner" | "plain" | "oauth" | "invitation";

export interface Token {
  id: string;
  tenant: string;
  /** Whom the journal names. */
  actor: string;
  kind: TokenKind;
  /** Whose it is; none for one that belongs to no person. */
  person: string | null;
  role: Role | null;
  sha256: Buffer;
  /** What it may do. */
  verbs: readonly Permission[];
  /** What its giver may do; what is beyond its grant and within this can be approved. */
  giverVerbs: readonly Permission[];
  grantId: string | null;
  grant?: Grant;
  expiresAt: Date | null;
}

/** A row of the table, with its person's role in the tenant and the terms of its grant. */
export interface TokenRow extends Omit<Token, "verbs" | "giverVerbs" | "grant"> {
  verbs: readonly string[];
  terms: Grant | null;
}

const earlier = (one: Date | null, other: string | undefined): Date | null => {
  const second = other === undefined ? null : new Date(other);
  if (one === null || second === null) return one ?? second;
  return one < second ? one : second;
};

/** Role ∩ grant. A person without a role in the tenant may do nothing. */
export const tokenOf = ({ terms, verbs, ...row }: TokenRow): Token => {
  const giverVerbs = (verbs as Permission[]).filter((verb) => row.person === null || (row.role !== null && verbsOf(row.role).includes(verb as Verb)));
  return {
    ...row,
    giverVerbs,
    verbs: terms === null ? giverVerbs : giverVerbs.filter((verb) => terms.verbs.includes(verb as Verb)),
    ...(terms === null ? {} : { grant: terms }),
    expiresAt: earlier(row.expiresAt, terms?.expiresAt),
  };
};

/** Somebody who has signed in on the pages: all of their role, and no grant. */
export const tokenOfPerson = (of: { tenant: string; person: string; actor: string; role: Role }): Token =>
  tokenOf({ ...of, id: of.person, kind: "plain", sha256: Buffer.alloc(0), verbs: Verb.options, grantId: null, terms: null, expiresAt: null });

/** The token of an Authorization header (RFC 6750 §2.1); undefined when it is missing, empty or of another scheme. */
export const bearerOf = (header: string | undefined): string | undefined => /^Bearer +([\w.~+/-]+=*)$/i.exec(header ?? "")?.[1];

/** Tokens by the hexadecimal hash that finds them. */
export type TokenIndex = ReadonlyMap<string, Token>;
export const indexOf = (tokens: readonly Token[]): TokenIndex => new Map(tokens.map((token) => [token.sha256.toString("hex"), token]));

/** The known token that this is. Nothing known = nobody. The time that it takes tells of the hash at most, which leads to no token. */
export const findToken = (tokens: TokenIndex, bearer: string, now: Date): Token | undefined => {
  const found = tokens.get(createHash("sha256").update(bearer).digest("hex"));
  return found && (found.expiresAt === null || found.expiresAt > now) ? found : undefined;
};

/** `any` is what every token may, an invitation excepted. */
export const mayDo = (token: Pick<Token, "verbs" | "kind">, permission: Permission): boolean => {
  if (permission === "anybody") return true;
  return permission === "any" ? token.kind !== "invitation" : token.verbs.includes(permission);
};
