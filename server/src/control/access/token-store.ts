// Tokens in PostgreSQL, by their hash, with a copy in memory that is at most a few seconds old.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Database, Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import { bearerOf, findToken, type Token } from "./token.ts";

const freshMs = 5_000;
/** Wrong tokens do not make us read again and again. */
const retryMs = 250;

const read = (database: Database): Promise<Token[]> => database<Token[]>`select tenant, actor, sha256, verbs, expires_at from tokens`;

export class Tokens {
  readonly #database: Database;
  #tokens: readonly Token[] = [];
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(authorization: string | undefined): Promise<Token | undefined> {
    const bearer = bearerOf(authorization);
    if (bearer === undefined) return undefined;
    if (this.#age() > freshMs) await this.#refresh();
    const found = findToken(this.#tokens, bearer, new Date());
    if (found || this.#age() < retryMs) return found;
    await this.#refresh();
    return findToken(this.#tokens, bearer, new Date());
  }

  #age(): number {
    return performance.now() - this.#readAt;
  }

  /** Reads them now, after a change. */
  refresh(): Promise<void> {
    return this.#refresh();
  }

  async #refresh(): Promise<void> {
    this.#tokens = await read(this.#database);
    this.#readAt = performance.now();
  }
}

const allVerbs = ["read", "deploy", "configure", "destroy"];

/**
 * Makes the token with this hash the owner's of a tenant, and the only one of that name. One that is known already stays what it
 * is: it may have been replaced by an operation, and must not come back.
 */
export const seedOwner = async (database: Database, tenant: string, sha256: Buffer): Promise<void> => {
  await database.begin(async (query) => {
    const made = await query`
      insert into tokens (id, tenant, actor, sha256, verbs) values (${newId("tok")}, ${tenant}, 'owner', ${sha256}, ${allVerbs})
      on conflict (sha256) do nothing returning id`;
    if (made.length > 0) await query`delete from tokens where tenant = ${tenant} and actor = 'owner' and sha256 <> ${sha256}`;
  });
};

/** Makes a token that may do what `by` may, and ends all others of the same actor at a time. Throws `conflict` for one that is to end itself. */
export const replaceToken = async (
  query: Query,
  by: { tenant: string; actor: string; sha256: Buffer },
  next: { sha256: Buffer; endsAt: Date },
): Promise<void> => {
  const { tenant, actor } = by;
  const [asking] = await query<{ verbs: string[]; expiresAt: Date | null }[]>`
    select verbs, expires_at from tokens where tenant = ${tenant} and sha256 = ${by.sha256} for update`;
  if (!asking || asking.expiresAt !== null)
    throw new SlipError("conflict", "This token has an end already, so it cannot be replaced.", { next: "Use the token that took its place." });
  await query`
    insert into tokens (id, tenant, actor, sha256, verbs) values (${newId("tok")}, ${tenant}, ${actor}, ${next.sha256}, ${asking.verbs}) on conflict (sha256) do nothing`;
  const kept = await query`select id from tokens where tenant = ${tenant} and actor = ${actor} and sha256 = ${next.sha256} and expires_at is null`;
  if (kept.length === 0) throw new SlipError("conflict", "The new token was in use before.", { next: "Make another one." });
  await query`
    update tokens set expires_at = least(coalesce(expires_at, 'infinity'), ${next.endsAt}::timestamptz)
    where tenant = ${tenant} and actor = ${actor} and sha256 <> ${next.sha256}`;
};
