import { isDeepStrictEqual } from "node:util";
import type { Grant } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { Query } from "#platform/database.ts";
import type { Call, Handlers } from "../api/call.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";
import { projectsOf } from "../projects/project-store.ts";
import { endSignIns } from "../sign-in/session-store.ts";
import { notWithin } from "./decide.ts";
import { actorOf, personOf } from "./people-store.ts";
import { insertGrant, insertToken, type ListedToken, lockToken, revokeToken, tokenIn, tokensOf, usedOf } from "./token-store.ts";

const toToken = (row: ListedToken) => ({
  token: row.id,
  name: row.name,
  actor: row.actor,
  kind: row.kind,
  ...(row.person === null ? {} : { person: row.person }),
  ...(row.grantId === null ? {} : { grantId: row.grantId }),
  ...(row.terms === null ? {} : { grant: row.terms, used: usedOf(row) }),
  createdAt: row.createdAt.toISOString(),
  ...(row.lastUsedAt === null ? {} : { lastUsedAt: row.lastUsedAt.toISOString() }),
  ...(row.expiresAt === null ? {} : { expiresAt: row.expiresAt.toISOString() }),
});

/** A name that is not there is a mistake, which would otherwise show as a token that may do nothing. Throws `not_found`. */
const checkNames = async (query: Query, tenant: string, { projects, environments }: Grant): Promise<void> => {
  const known = await projectsOf(query, tenant);
  const project = projects?.find((name) => !known.some((it) => it.name === name));
  if (project !== undefined)
    throw new SlipError("not_found", `There is no project ${project}.`, {
      next: `Make it with 'slip projects create ${project}', or list them with 'slip projects'.`,
    });
  const environment = environments?.find((name) => !known.some((it) => it.environments.includes(name)));
  if (environment !== undefined)
    throw new SlipError("not_found", `There is no environment ${environment}.`, { next: "See 'slip projects' for what there is." });
};

/** Throws `forbidden` for more than the caller may give, `invalid_input` for a grant that is at its end. */
export const checkGrant = async (query: Query, { tenant, token }: Call, grant: Grant): Promise<void> => {
  const beyond = token.grant === undefined ? undefined : notWithin(grant, token.grant);
  if (beyond !== undefined) throw new SlipError("forbidden", beyond, { next: "Give less, or let somebody make it who may do more." });
  const missing = grant.verbs.find((verb) => !token.giverVerbs.includes(verb));
  if (missing !== undefined) throw new SlipError("forbidden", `Who may not ${missing} cannot let a token do it.`, { next: "Give less." });
  if (grant.expiresAt !== undefined && Date.parse(grant.expiresAt) <= Date.now()) throw new SlipError("invalid_input", "grant.expiresAt: a time that is over");
  await checkNames(query, tenant, grant);
};

/** Those that the caller has given, by whose names a new one must be another. Pure. */
const givenBy = ({ token: by }: Pick<Call, "token">, living: readonly ListedToken[]): ListedToken[] =>
  living.filter(({ kind, person }) => kind === "plain" && person === by.person);

/** What plans of a new token remember: who gives it, and what they gave already. Pure. */
export const stateOfGiver = (call: Pick<Call, "actor" | "token">, living: readonly ListedToken[]): Fingerprint => ({
  giver: call.actor,
  "what its giver may do": call.token.giverVerbs.join(", "),
  ...Object.fromEntries(givenBy(call, living).map(({ name, id }) => [`token ${name}`, id])),
});

/** Throws `conflict` where the name is taken, or there are as many as there may be. Pure. */
export const expectRoom = (call: Pick<Call, "token">, name: string, living: readonly ListedToken[]): void => {
  const taken = givenBy(call, living).find((token) => token.name === name);
  if (taken)
    throw new SlipError("conflict", `There is a token ${name} already.`, { next: `Choose another name, or end it with 'slip tokens rm ${taken.id}'.` });
  if (living.length >= limit("tokens"))
    throw new SlipError("conflict", `There are ${limit("tokens")} tokens already.`, { next: "End some that are not used: 'slip tokens'." });
};

/** What the journal calls who uses a token with a name. */
export const actorWith = async (query: Query, { actor, token: by }: Pick<Call, "actor" | "token">, name: string): Promise<string> => {
  const person = by.person === null ? undefined : await personOf(query, by.person);
  return `${name} for ${person ? actorOf(person) : actor}`;
};

const create = async (query: Query, call: Call, { name, sha256, grant }: ParsedInputOf<"tokens.create">): Promise<ListedToken> => {
  const { tenant, token: by } = call;
  await checkGrant(query, call, grant);
  await query`select tenant from tenants where tenant = ${tenant} for update`;
  const living = await tokensOf(query, tenant);
  await call.expects?.check(query, { state: () => stateOfGiver(call, living) });
  const hash = Buffer.from(sha256, "hex");
  const taken = givenBy(call, living).find((token) => token.name === name);
  // Asked again because the answer was lost.
  if (taken?.sha256.equals(hash) && isDeepStrictEqual(taken.terms, grant)) {
    call.journaled = true;
    return taken;
  }
  expectRoom(call, name, living);
  const grantId = await insertGrant(query, { tenant, person: by.person, terms: grant });
  const actor = await actorWith(query, call, name);
  const id = await insertToken(query, {
    tenant,
    actor,
    kind: "plain",
    name,
    person: by.person,
    sha256: hash,
    verbs: by.giverVerbs,
    grantId,
    createdBy: call.actor,
  });
  await journal(query, call, { operation: "tokens.create", input: { token: id, name, grant }, inverse: { operation: "tokens.revoke", input: { token: id } } });
  return (await tokenIn(query, tenant, id)) as ListedToken;
};

/** What plans of its end remember of a token. Pure. */
export const stateOfToken = ({ id, actor, terms }: ListedToken): Fingerprint => ({
  [`token ${id}`]: actor,
  ...(terms === null ? {} : { grant: `#${JSON.stringify(terms)}` }),
});

/** A token, and those of before whose place it has taken. Pure. */
export const seriesOf = (id: string, living: readonly ListedToken[]): ListedToken[] => {
  const self = living.find((token) => token.id === id);
  return living.filter(({ actor, kind, name, person }) => self && actor === self.actor && kind === self.kind && name === self.name && person === self.person);
};

/** What plans of its replacement remember: which token asks, and those whose end it says. Pure. */
export const stateOfSeries = (asking: string, series: readonly ListedToken[]): Fingerprint => ({
  "token that asks": asking,
  ...Object.fromEntries(series.map(({ id, actor, endsAt }) => [`token ${id}`, endsAt === null ? actor : `${actor}, until ${endsAt.toISOString()}`])),
});

/** Throws `not_found`, and `conflict` for the one of the installation. Pure. */
export const expectRevocable = (id: string, row: ListedToken | undefined): ListedToken => {
  if (!row) throw notFound(id);
  if (row.kind === "owner")
    throw new SlipError("conflict", "This is the token of the installation's folder.", { next: "Replace it with 'slip token rotate --now'." });
  return row;
};

const notFound = (id: string): SlipError => new SlipError("not_found", `There is no token ${id}.`, { next: "List them with 'slip tokens'." });

export const tokenOperations = ({ database, tokens }: Control): Pick<Handlers, "tokens.create" | "tokens.list" | "tokens.revoke"> => ({
  async "tokens.create"(input, call) {
    const made = await database.begin((query) => create(query, call, input));
    await tokens.refresh();
    return toToken(made);
  },

  async "tokens.list"(_, { tenant }) {
    return { tokens: (await tokensOf(database, tenant)).map(toToken) };
  },

  async "tokens.revoke"({ token: id }, call) {
    await database.begin(async (query) => {
      await lockToken(query, call.tenant, id);
      const row = expectRevocable(id, await tokenIn(query, call.tenant, id));
      await call.expects?.check(query, { state: () => stateOfToken(row) });
      if (!(await revokeToken(query, call.tenant, id))) throw notFound(id);
      await endSignIns(query, row);
      await journal(query, call, { operation: "tokens.revoke", input: { token: id, name: row.name } });
    });
    await tokens.refresh();
    return { token: id };
  },
});
