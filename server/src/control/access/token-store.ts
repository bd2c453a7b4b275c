// Tokens in PostgreSQL, by their hash, with a copy in memory that is at most a few seconds old.
import type { Database } from "#platform/database.ts";
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

  async #refresh(): Promise<void> {
    this.#tokens = await read(this.#database);
    this.#readAt = performance.now();
  }
}

const allVerbs = ["read", "deploy", "configure", "destroy"];

/** Makes the token with this hash the owner's of a tenant, and the only one of that name. */
export const seedOwner = async (database: Database, tenant: string, sha256: Buffer): Promise<void> => {
  await database.begin(async (query) => {
    await query`delete from tokens where tenant = ${tenant} and actor = 'owner' and sha256 <> ${sha256}`;
    await query`
      insert into tokens (id, tenant, actor, sha256, verbs) values (${newId("tok")}, ${tenant}, 'owner', ${sha256}, ${allVerbs}) on conflict (sha256) do nothing`;
  });
};
