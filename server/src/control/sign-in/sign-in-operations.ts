import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Token } from "../access/token.ts";
import type { Handlers } from "../api/call.ts";
import { firstTenant } from "../apps/app-store.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import { issuerOf, paths } from "../oauth/oauth.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";
import { gitHub, isIssuer } from "./elsewhere.ts";
import { insertProvider, type ListedProvider, listProviders, lockProviders, removeProvider } from "./provider-store.ts";
import { keepCode, lockCodes, openCodeOf } from "./session-store.ts";

/** Who signs in on the pages can do there what their role allows; a token that may do less must not lead there. */
export const signingIn = ({ person, kind, grantId }: Token): string => {
  if (person === null || grantId !== null || (kind !== "owner" && kind !== "plain"))
    throw new SlipError("forbidden", "This token is not one of a person's own, so it signs nobody in.", { next: "Use your own token, without a grant." });
  return person;
};

/** What plans of a code remember: whom it signs in, and the one that ends with it. Pure. */
export const stateOfCodes = (person: string, open: { expiresAt: Date } | undefined): Fingerprint => ({
  "who signs in": person,
  ...(open === undefined ? {} : { "code of before": `until ${open.expiresAt.toISOString()}` }),
});

/** Where a code is typed. */
export const codeUrlOf = ({ installation }: Pick<Control, "installation">): string => `${issuerOf(installation)}${paths.signIn}`;

/** How people sign in is the installation's: each of its tenants trusts it. */
export const expectOwner = (tenant: string): void => {
  if (tenant !== firstTenant) throw new SlipError("forbidden", "How people sign in is the installation's own.");
};

export const issuerIn = (kind: "oidc" | "github", given: string | undefined): string => {
  const issuer = (given ?? (kind === "github" ? gitHub : "")).replace(kind === "github" ? /\/+$/ : /$^/, "");
  if (!isIssuer(issuer)) throw new SlipError("invalid_input", "The issuer is an https address without a query (http on this machine alone).");
  return issuer;
};

/** What plans remember of where people sign in. Pure. */
export const stateOfProviders = (rows: readonly ListedProvider[]): Fingerprint =>
  Object.fromEntries(rows.map(({ name, kind, issuer, clientId }) => [`provider ${name}`, `${kind} ${issuer} ${clientId}`]));

/** Throws `conflict` where the name or the issuer is taken, or there are as many as there may be. Pure. */
export const expectNewProvider = (of: { name: string; issuer: string }, rows: readonly ListedProvider[]): void => {
  if (rows.length >= limit("signInProviders")) throw new SlipError("conflict", `There are ${limit("signInProviders")} providers already.`);
  if (rows.some(({ name, issuer }) => name === of.name || issuer === of.issuer))
    throw new SlipError("conflict", "There is a provider of that name or issuer already.", { next: "Remove it first with 'slip sign-in rm NAME'." });
};

export const noProvider = (name: string): SlipError =>
  new SlipError("not_found", `There is no provider ${name}.`, { next: "List them with 'slip sign-in list'." });

/** The address that a provider is to send people back to. */
export const callbackOf = ({ installation }: Pick<Control, "installation">, name: string): string =>
  `${issuerOf(installation)}${paths.signIn}/with/${name}/callback`;

export const signInOperations = (
  control: Pick<Control, "database" | "sealing" | "installation">,
): Pick<Handlers, "sessions.code" | "providers.list" | "providers.add" | "providers.remove"> => ({
  async "sessions.code"({ sha256 }, call) {
    const person = signingIn(call.token);
    const expiresAt = await control.database.begin(async (query) => {
      await lockCodes(query, person);
      await call.expects?.check(query, { state: async () => stateOfCodes(person, await openCodeOf(query, person)) });
      await journal(query, call, { operation: "sessions.code", input: {} });
      return keepCode(query, person, Buffer.from(sha256, "hex"));
    });
    return { url: codeUrlOf(control), expiresAt: expiresAt.toISOString() };
  },

  async "providers.list"(_, call) {
    expectOwner(call.tenant);
    const rows = await listProviders(control.database);
    return { providers: rows.map(({ createdAt, ...row }) => ({ ...row, createdAt: createdAt.toISOString() })) };
  },

  async "providers.add"({ name, kind, issuer: given, clientId, clientSecret }, call) {
    expectOwner(call.tenant);
    const issuer = issuerIn(kind, given);
    await control.database.begin(async (query) => {
      const rows = await lockProviders(query);
      await call.expects?.check(query, { state: () => stateOfProviders(rows) });
      expectNewProvider({ name, issuer }, rows);
      await insertProvider(query, control.sealing, { name, kind, issuer, clientId, clientSecret });
      await journal(query, call, {
        operation: "providers.add",
        input: { name, kind, issuer, clientId },
        inverse: { operation: "providers.remove", input: { name } },
      });
    });
    return { name, callback: callbackOf(control, name) };
  },

  async "providers.remove"({ name }, call) {
    expectOwner(call.tenant);
    await control.database.begin(async (query) => {
      const rows = await lockProviders(query);
      await call.expects?.check(query, { state: () => stateOfProviders(rows) });
      if (!(await removeProvider(query, name))) throw noProvider(name);
      await journal(query, call, { operation: "providers.remove", input: { name } });
    });
    return { name };
  },
});
