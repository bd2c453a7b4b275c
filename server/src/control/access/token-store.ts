// Tokens in PostgreSQL, by their hash, with a copy in memory that is at most a few seconds old.
import { type Grant, type Permission, Verb } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { type Database, json, type Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import { cpuMsOf } from "./cpu-store.ts";
import { HeldTokens, type Hold } from "./held-tokens.ts";
import { ensureLocalOwner } from "./people-store.ts";
import { bearerOf, findToken, indexOf, type Token, type TokenIndex, type TokenKind, type TokenRow, tokenOf } from "./token.ts";

const freshMs = 5_000;
/** Wrong tokens do not make us read again and again. */
const retryMs = 250;
/** When a token was last used is known to this much. */
const usedEveryMs = 60_000;

/** Those that work, or will: each with what its person is in the tenant. Invitations that are open count as tokens that may join. */
const read = async (query: Query): Promise<Token[]> => {
  const rows = await query<TokenRow[]>`
    select t.id, t.tenant, t.actor, t.kind, t.person, m.role, t.sha256, t.verbs, t.grant_id, g.terms, t.expires_at
    from tokens t left join members m on m.tenant = t.tenant and m.person = t.person left join grants g on g.id = t.grant_id
    where t.revoked_at is null and g.revoked_at is null and coalesce(t.expires_at, 'infinity') > now()
    union all
    select i.id, i.tenant, i.id, 'invitation', null, null, i.sha256, array['join'], null, null, i.expires_at
    from invitations i where i.accepted_at is null and i.expires_at > now()`;
  return rows.map(tokenOf);
};

export class Tokens {
  readonly #database: Database;
  #tokens: TokenIndex = new Map();
  #readAt = Number.NEGATIVE_INFINITY;
  readonly #usedAt = new Map<string, number>();
  readonly #held = new HeldTokens(() => (this.#age() > freshMs ? this.#refresh() : Promise.resolve(this.#held.end(this.#tokens))));

  constructor(database: Database) {
    this.#database = database;
  }

  async find(authorization: string | undefined): Promise<Token | undefined> {
    const bearer = bearerOf(authorization);
    if (bearer === undefined) return undefined;
    if (this.#age() > freshMs) await this.#refresh();
    const found = findToken(this.#tokens, bearer, new Date());
    if (found || this.#age() < retryMs) return found && this.#used(found);
    await this.#refresh();
    const late = findToken(this.#tokens, bearer, new Date());
    return late && this.#used(late);
  }

  /** For what goes on after it was allowed. */
  hold(token: Token, permission: Permission): Hold {
    return this.#held.hold(token, permission);
  }

  #age(): number {
    return performance.now() - this.#readAt;
  }

  /** Reads them now, after a change. */
  refresh(): Promise<void> {
    return this.#refresh();
  }

  async #refresh(): Promise<void> {
    const tokens = indexOf(await read(this.#database));
    this.#tokens = tokens;
    this.#readAt = performance.now();
    this.#held.end(tokens);
    const known = new Set([...tokens.values()].map(({ id }) => id));
    for (const id of this.#usedAt.keys()) if (!known.has(id)) this.#usedAt.delete(id);
  }

  /** Noted now and then, without waiting for it: what is lost of it is made good at the next use. */
  #used(token: Token): Token {
    const now = performance.now();
    if (now - (this.#usedAt.get(token.id) ?? Number.NEGATIVE_INFINITY) < usedEveryMs) return token;
    this.#usedAt.set(token.id, now);
    this.#database`update tokens set last_used_at = now() where id = ${token.id}`.then(undefined, () => this.#usedAt.delete(token.id));
    return token;
  }
}

/**
 * Makes the token with this hash the owner's of a tenant, and the only one of that name. One that is known already stays what it
 * is: it may have been replaced by an operation, and must not come back.
 */
export const seedOwner = async (database: Database, tenant: string, sha256: Buffer): Promise<void> => {
  await database.begin(async (query) => {
    const person = await ensureLocalOwner(query, tenant);
    await query`update tokens set person = ${person} where tenant = ${tenant} and kind = 'owner' and person is null`;
    const made = await query`
      insert into tokens (id, tenant, actor, kind, person, sha256, verbs)
      values (${newId("tok")}, ${tenant}, 'owner', 'owner', ${person}, ${sha256}, ${Verb.options})
      on conflict (sha256) do nothing returning id`;
    if (made.length > 0) await query`delete from tokens where tenant = ${tenant} and kind = 'owner' and sha256 <> ${sha256}`;
  });
};

export interface NewToken {
  tenant: string;
  actor: string;
  kind: Exclude<TokenKind, "invitation">;
  name?: string;
  person: string | null;
  sha256: Buffer;
  /** What its giver may do. */
  verbs: readonly string[];
  grantId?: string | null;
  createdBy?: string;
  expiresAt?: Date | null;
}

/** Stores a token; `Tokens.refresh` lets it in at once. Throws `conflict` for one that was in use before. Gives its id. */
export const insertToken = async (query: Query, it: NewToken): Promise<string> => {
  const id = newId("tok");
  const rows = await query`
    insert into tokens (id, tenant, actor, kind, name, person, sha256, verbs, grant_id, created_by, expires_at)
    values (${id}, ${it.tenant}, ${it.actor}, ${it.kind}, ${it.name ?? ""}, ${it.person}, ${it.sha256}, ${[...it.verbs]}, ${it.grantId ?? null},
      ${it.createdBy ?? null}, ${it.expiresAt ?? null})
    on conflict (sha256) do nothing returning id`;
  if (rows.length === 0) throw new SlipError("conflict", "The new token was in use before.", { next: "Make another one." });
  return id;
};

/** Stores what a token may do; tokens that take one another's place share it, and so what was used of it. Gives its id. */
export const insertGrant = async (query: Query, it: { tenant: string; person: string | null; terms: Grant }): Promise<string> => {
  const id = newId("grt");
  await query`insert into grants (id, tenant, person, terms) values (${id}, ${it.tenant}, ${it.person}, ${json(query, it.terms)})`;
  return id;
};

/** Waits for those who end it. */
export const lockToken = async (query: Query, tenant: string, id: string): Promise<void> => {
  await query`select id from tokens where tenant = ${tenant} and id = ${id} for update`;
};

/** What a grant allows, whether it is revoked or not. Throws where there is none. */
export const termsOf = async (query: Query, id: string): Promise<Grant> => {
  const [row] = await query<{ terms: Grant }[]>`select terms from grants where id = ${id}`;
  if (!row) throw new Error(`The grant ${id} is not there.`);
  return row.terms;
};

/** Ends a token of the tenant now, and its grant with all that share it. False when there is none that works. */
export const revokeToken = async (query: Query, tenant: string, id: string): Promise<boolean> => {
  const rows = await query<{ grantId: string | null }[]>`
    update tokens set revoked_at = now() where tenant = ${tenant} and id = ${id} and revoked_at is null returning grant_id`;
  const grantId = rows[0]?.grantId ?? null;
  if (grantId !== null) await query`update grants set revoked_at = coalesce(revoked_at, now()) where id = ${grantId}`;
  return rows.length > 0;
};

export interface ListedToken extends Pick<TokenRow, "id" | "actor" | "kind" | "person" | "sha256" | "grantId" | "terms" | "expiresAt"> {
  name: string;
  /** When it ends whatever its grant says; null for one that works on until something takes its place. */
  endsAt: Date | null;
  createdAt: Date;
  lastUsedAt: Date | null;
  builds: number | null;
  cpuMs: number | null;
}

const listed = (query: Query) => query`
  select t.id, t.name, t.actor, t.kind, t.person, t.sha256, t.grant_id, g.terms, g.builds, ${cpuMsOf(query)} as cpu_ms, t.created_at, t.last_used_at,
    t.expires_at as ends_at,
    least(t.expires_at, (g.terms->>'expiresAt')::timestamptz) as expires_at
  from tokens t left join grants g on g.id = t.grant_id`;
const isLiving = (query: Query) => query`
  t.revoked_at is null and g.revoked_at is null and coalesce(t.expires_at, 'infinity') > now()
  and coalesce((g.terms->>'expiresAt')::timestamptz, 'infinity') > now()`;

/** Those that work, newest first. */
export const tokensOf = (query: Query, tenant: string): Promise<ListedToken[]> =>
  query<ListedToken[]>`${listed(query)} where t.tenant = ${tenant} and ${isLiving(query)} order by t.id desc`;

/** One that works. */
export const tokenIn = async (query: Query, tenant: string, id: string): Promise<ListedToken | undefined> =>
  (await query<ListedToken[]>`${listed(query)} where t.tenant = ${tenant} and t.id = ${id} and ${isLiving(query)}`)[0];

/** What was counted against a grant: builds, and CPU time in milliseconds. */
export const countedOf = async (query: Query, grantId: string | null): Promise<{ builds: number; cpuMs: number }> => {
  if (grantId === null) return { builds: 0, cpuMs: 0 };
  const [counted] = await query<{ builds: number; cpuMs: number }[]>`select g.builds, ${cpuMsOf(query)} as cpu_ms from grants g where g.id = ${grantId}`;
  return counted ?? { builds: 0, cpuMs: 0 };
};

/** As callers are told. */
export const usedOf = ({ builds, cpuMs }: { builds: number | null; cpuMs: number | null }) => ({
  builds: builds ?? 0,
  cpuMinutes: Math.round((cpuMs ?? 0) / 600) / 100,
});

const keptDays = 7;

/** Forgets what has ended for a while. The owner's stay: one of them must not come back with an old file. */
export const trimAccess = async (query: Query): Promise<void> => {
  const before = new Date(Date.now() - keptDays * 86_400_000);
  await query`delete from tokens where kind <> 'owner' and (revoked_at < ${before} or expires_at < ${before})`;
  await query`delete from invitations where accepted_at is null and expires_at < ${before}`;
};

/** When those end whose place the token with this hash took; undefined where it took nobody's. */
export const endOfReplaced = async (query: Query, tenant: string, sha256: Buffer): Promise<Date | undefined> => {
  const [replaced] = await query<{ endsAt: Date | null }[]>`
    select max(before.expires_at) as ends_at from tokens made join tokens before on before.tenant = made.tenant and before.actor = made.actor
      and before.kind = made.kind and before.name = made.name and before.person is not distinct from made.person and before.id < made.id
    where made.tenant = ${tenant} and made.sha256 = ${sha256}`;
  return replaced?.endsAt ?? undefined;
};

/** Throws `conflict` for a token that is replaced already, or ends by itself. Pure. */
export const replaceable = <T extends { endsAt: Date | null }>(asking: T | undefined): T => {
  if (!asking || asking.endsAt !== null)
    throw new SlipError("conflict", "This token has an end already, so it cannot be replaced.", { next: "Use the token that took its place." });
  return asking;
};

/** Makes a token that may do what `by` may, and ends those whose place it takes at a time. Throws `conflict` for one that is to end itself. */
export const replaceToken = async (query: Query, by: { tenant: string; sha256: Buffer }, next: { sha256: Buffer; endsAt: Date }): Promise<void> => {
  const { tenant } = by;
  const [found] = await query<{ id: string; actor: string; kind: string; name: string; person: string | null; endsAt: Date | null }[]>`
    select id, actor, kind, name, person, expires_at as ends_at from tokens where tenant = ${tenant} and sha256 = ${by.sha256} for update`;
  const asking = replaceable(found);
  const { actor, kind, name, person } = asking;
  const same = () => query`tenant = ${tenant} and actor = ${actor} and kind = ${kind} and name = ${name} and person is not distinct from ${person}`;
  await query`
    insert into tokens (id, tenant, actor, kind, name, person, sha256, verbs, grant_id, created_by)
    select ${newId("tok")}, tenant, actor, kind, name, person, ${next.sha256}, verbs, grant_id, created_by from tokens where id = ${asking.id}
    on conflict (sha256) do nothing`;
  const kept = await query`select id from tokens where ${same()} and sha256 = ${next.sha256} and expires_at is null and revoked_at is null`;
  if (kept.length === 0) throw new SlipError("conflict", "The new token was in use before.", { next: "Make another one." });
  await query`
    update tokens set expires_at = least(coalesce(expires_at, 'infinity'), ${next.endsAt}::timestamptz)
    where ${same()} and sha256 <> ${next.sha256}`;
};
