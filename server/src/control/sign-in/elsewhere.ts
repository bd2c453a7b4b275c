// Asking another place who somebody is: any provider of OpenID Connect, and GitHub, which has OAuth alone.
import * as openid from "openid-client";
import { z } from "zod";
import type { SignInProvider } from "./provider-store.ts";

/** Who somebody is there. The e-mail address is one that the place has verified, or none. */
export interface Known {
  issuer: string;
  subject: string;
  name: string;
  email: string | null;
}

export interface Begun {
  state: string;
  nonce: string;
  verifier: string;
}

const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** https, or http of this machine. Gives the address as it is written in tokens. */
export const isIssuer = (text: string): boolean => {
  const url = URL.parse(text);
  if (url?.search !== "" || url.hash !== "" || url.username !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && loopback.has(url.hostname));
};

export const gitHub = "https://github.com";
const timeoutSeconds = 10;
const userAgent = { "user-agent": "slipstream" };

const allow = ({ issuer }: SignInProvider): ((configuration: openid.Configuration) => void)[] =>
  issuer.startsWith("http:") ? [openid.allowInsecureRequests] : [];

const gitHubConfiguration = (provider: SignInProvider): openid.Configuration => {
  const { issuer, clientId, clientSecret } = provider;
  const server = {
    issuer: `${issuer}/login/oauth`,
    authorization_endpoint: `${issuer}/login/oauth/authorize`,
    token_endpoint: `${issuer}/login/oauth/access_token`,
  };
  const configuration = new openid.Configuration(server, clientId, undefined, openid.ClientSecretPost(clientSecret));
  for (const change of allow(provider)) change(configuration);
  configuration.timeout = timeoutSeconds;
  return configuration;
};

/** What the provider says of itself. Throws when it cannot be reached, or is another. */
export const configurationOf = async (provider: SignInProvider): Promise<openid.Configuration> => {
  if (provider.kind === "github") return gitHubConfiguration(provider);
  const { issuer, clientId, clientSecret } = provider;
  return openid.discovery(new URL(issuer), clientId, undefined, openid.ClientSecretPost(clientSecret), { execute: allow(provider), timeout: timeoutSeconds });
};

/** Where the browser is sent, and what only it and we know of this. */
export const begin = async (provider: SignInProvider, configuration: openid.Configuration, redirectUri: string): Promise<{ address: URL; begun: Begun }> => {
  const begun = { state: openid.randomState(), nonce: openid.randomNonce(), verifier: openid.randomPKCECodeVerifier() };
  const parameters = {
    redirect_uri: redirectUri,
    scope: provider.kind === "github" ? "read:user" : "openid profile email",
    state: begun.state,
    code_challenge: await openid.calculatePKCECodeChallenge(begun.verifier),
    code_challenge_method: "S256",
    ...(provider.kind === "github" ? {} : { nonce: begun.nonce }),
  };
  return { address: openid.buildAuthorizationUrl(configuration, parameters), begun };
};

const GitHubUser = z.object({ id: z.int(), login: z.string(), name: z.string().nullish() });

const gitHubUser = async (provider: SignInProvider, configuration: openid.Configuration, accessToken: string): Promise<Known> => {
  const { issuer } = provider;
  const address = issuer === gitHub ? "https://api.github.com/user" : `${issuer}/api/v3/user`;
  const answer = await openid.fetchProtectedResource(configuration, accessToken, new URL(address), "GET", undefined, new Headers(userAgent));
  const user = GitHubUser.parse(await answer.json());
  return { issuer, subject: String(user.id), name: user.name ?? user.login, email: null };
};

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value.slice(0, 200) : undefined);

/** Who came back. Throws for an answer that is not to what was begun, is forged, or says no. */
export const finish = async (provider: SignInProvider, configuration: openid.Configuration, of: { address: URL; begun: Begun }): Promise<Known> => {
  const { state, nonce, verifier } = of.begun;
  const isOidc = provider.kind === "oidc";
  const tokens = await openid.authorizationCodeGrant(configuration, of.address, {
    expectedState: state,
    pkceCodeVerifier: verifier,
    ...(isOidc ? { expectedNonce: nonce, idTokenExpected: true } : {}),
  });
  if (!isOidc) return gitHubUser(provider, configuration, tokens.access_token);
  const claims = tokens.claims();
  if (!claims) throw new Error("The provider gave no id token.");
  const email = claims.email_verified === true ? (textOf(claims.email) ?? null) : null;
  return { issuer: claims.iss, subject: claims.sub, name: textOf(claims.name) ?? textOf(claims.preferred_username) ?? email ?? "somebody", email };
};
