// The authorization server's fixed words: its address, its paths, what it protects. The issuer is the installation's, never a request's Host.
import type { Verb } from "@slipstream/contract/access.ts";
import type { Installation } from "#platform/installation.ts";
import { addressOf, platformDomain } from "../control.ts";

export const issuerOf = (installation: Pick<Installation, "httpsPort">): string => addressOf(installation, platformDomain);

export const paths = {
  authorize: "/oauth/authorize",
  token: "/oauth/token",
  register: "/oauth/register",
  revoke: "/oauth/revoke",
  keys: "/oauth/keys",
  consent: "/oauth/consent",
  signIn: "/sign-in",
  signOut: "/sign-out",
  account: "/account",
  approvals: "/approvals",
  resourceMetadata: "/.well-known/oauth-protected-resource",
} as const;

/** How an answer is given to a client: in the query of the address that it has named. */
export const answerMode = "query";

/** What a token can be for: all doors are one resource, under the address of each that clients ask by. */
export const resourcesOf = (issuer: string): string[] => [issuer, `${issuer}/`, `${issuer}/mcp`];

/** What an agent can be allowed. To administer is for people, and is not given away here. */
export const scopes: readonly Verb[] = ["read", "deploy", "configure", "destroy"];
/** What is asked for where a client does not say, and what is ticked on the page at first. */
export const usualScopes: readonly Verb[] = ["read", "deploy"];

/** The verbs among the words of a scope. */
export const verbsIn = (scope: unknown): Verb[] => {
  const words = new Set(typeof scope === "string" ? scope.split(" ") : []);
  return scopes.filter((verb) => words.has(verb));
};
