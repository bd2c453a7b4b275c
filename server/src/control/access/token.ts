// Who a bearer token is. Pure, but for the hash.
import { createHash, timingSafeEqual } from "node:crypto";

export interface Token {
  tenant: string;
  actor: string;
  sha256: Buffer;
  verbs: readonly string[];
  expiresAt: Date | null;
}

/** The token of an Authorization header; undefined when it is missing, empty or of another scheme. */
export const bearerOf = (header: string | undefined): string | undefined => /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];

/** The known token that this is, found in a time that tells nothing of it. Nothing known = nobody. */
export const findToken = (tokens: readonly Token[], bearer: string, now: Date): Token | undefined => {
  const sha256 = createHash("sha256").update(bearer).digest();
  let found: Token | undefined;
  for (const token of tokens) {
    const same = token.sha256.length === sha256.length && timingSafeEqual(token.sha256, sha256);
    if (same && (token.expiresAt === null || token.expiresAt > now)) found = token;
  }
  return found;
};

export const mayDo = (token: Pick<Token, "verbs">, permission: string): boolean => token.verbs.includes(permission);
