// The authorization server for agents: OAuth 2.1 as the MCP authorization specification asks, on the certified library oidc-provider.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { limit } from "@slipstream/contract/limits.ts";
import { errors, type KoaContext, Provider } from "oidc-provider";
import type { Database } from "#platform/database.ts";
import type { Log } from "#platform/log.ts";
import { type Attempt, beginAttempt } from "../api/rate/attempts.ts";
import { RateLimited, type RateLimits } from "../api/rate/rate-limits.ts";
import type { Sealing } from "../secrets/sealing.ts";
import { html } from "../sign-in/html.ts";
import { pageHeaders, renderPage } from "../sign-in/page.ts";
import { adapterOn } from "./adapter.ts";
import { documentFetch, isDocumentAddress } from "./client-documents.ts";
import { type ClientMetadata, checkClient } from "./client-rules.ts";
import { paths, resourcesOf, scopes, usualScopes, verbsIn } from "./oauth.ts";
import { signingKey } from "./signing-key.ts";

export interface AuthorizationParts {
  issuer: string;
  database: Database;
  sealing: Sealing;
  /** Each 32 bytes: what signs id tokens, and what signs cookies. */
  keys: { signing: Buffer; cookies: Buffer };
  log: Log;
  /** Whether there is such a person. */
  isPerson(id: string): Promise<boolean>;
  /** Makes a change of the tokens known to the gate. */
  changed(): Promise<void>;
  fetch?: typeof fetch;
}

const seconds = (name: "accessTokenMs" | "authorizationCodeMs" | "consentMs"): number => limit(name) / 1_000;

/** What is left of the connection: nothing that is given out outlives it. */
const leftOf = ({ oidc }: KoaContext): number => Math.max(1, (oidc.entities.Grant?.exp ?? 0) - Math.floor(Date.now() / 1_000));

const cookie = { httpOnly: true, sameSite: "lax", secure: true };

const clientFeatures = {
  registration: { enabled: true, issueRegistrationAccessToken: false },
  registrationManagement: { enabled: false },
  clientIdMetadataDocument: {
    enabled: true,
    ack: "draft-02",
    allowFetch: async (_: unknown, address: string) => isDocumentAddress(address),
    allowClient: async () => true,
    cacheDuration: { min: 60, max: 3_600 },
  },
};

const resourceIndicators = (issuer: string) => ({
  enabled: true,
  defaultResource: async (_context: unknown, _client: unknown, oneOf?: string[]) => oneOf ?? `${issuer}/mcp`,
  useGrantedResource: async () => true,
  getResourceServerInfo: async (_: unknown, resource: string) => {
    if (!resourcesOf(issuer).includes(resource)) throw new errors.InvalidTarget();
    return { scope: scopes.join(" "), audience: resource, accessTokenFormat: "opaque", accessTokenTTL: seconds("accessTokenMs") };
  },
});

const features = (issuer: string) => ({
  ...clientFeatures,
  resourceIndicators: resourceIndicators(issuer),
  revocation: { enabled: true },
  devInteractions: { enabled: false },
  dPoP: { enabled: false },
  userinfo: { enabled: false },
  rpInitiatedLogout: { enabled: false },
  pushedAuthorizationRequests: { enabled: false },
});

const renderError = async (context: KoaContext, out: { error: string; error_description?: string }): Promise<void> => {
  for (const [name, value] of Object.entries(pageHeaders())) context.set(name, value);
  context.type = "html";
  const { error, error_description: why } = out;
  context.body = renderPage("This did not work", html`<p>${why ?? error}</p><p>Go back to the program that sent you here and begin again. (${error})</p>`);
};

const clients = {
  clientDefaults: {
    grant_types: ["authorization_code", "refresh_token"],
    id_token_signed_response_alg: "ES256",
    response_types: ["code"],
    token_endpoint_auth_method: "client_secret_basic",
  },
  clientAuthMethods: ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
  extraClientMetadata: {
    properties: ["slip_checked"],
    validator: (_context: unknown, _name: string, _value: unknown, metadata: ClientMetadata & { slip_checked?: unknown }) => {
      checkClient(metadata);
      delete metadata.slip_checked;
    },
  },
  responseTypes: ["code"],
  pkce: { required: () => true },
  // The token endpoint takes no cookie, so that a page of another origin gains nothing that a program would not.
  clientBasedCORS: () => true,
};

const lifetimes = {
  AccessToken: (context: KoaContext) => Math.min(seconds("accessTokenMs"), leftOf(context)),
  AuthorizationCode: seconds("authorizationCodeMs"),
  Grant: leftOf,
  IdToken: seconds("accessTokenMs"),
  Interaction: seconds("consentMs"),
  RefreshToken: leftOf,
  Session: seconds("consentMs"),
};

const configurationOf = (parts: AuthorizationParts): Record<string, unknown> => ({
  ...clients,
  adapter: adapterOn({ ...parts, resources: resourcesOf(parts.issuer), clientsMax: limit("oauthClients") }),
  features: features(parts.issuer),
  jwks: { keys: [signingKey(parts.keys.signing)] },
  cookies: {
    names: { session: "__Host-slip-oauth", interaction: "__Secure-slip-consent", resume: "__Secure-slip-resume" },
    long: cookie,
    short: cookie,
    keys: [parts.keys.cookies.toString("hex")],
  },
  scopes: ["openid", "offline_access", ...scopes],
  enabledJWA: { idTokenSigningAlgValues: ["ES256"], clientAuthSigningAlgValues: ["ES256", "RS256", "PS256", "EdDSA"] },
  routes: { authorization: paths.authorize, token: paths.token, registration: paths.register, revocation: paths.revoke, jwks: paths.keys },
  ttl: lifetimes,
  fetch: parts.fetch ?? documentFetch(),
  fetchResponseBodyLimits: { "client_id metadata document": 16_384, jwks_uri: 65_536, sector_identifier_uri: 16_384 },
  interactions: { url: async (_: unknown, { uid }: { uid: string }) => `${paths.consent}/${uid}` },
  // Each authorization asks the person anew; nothing that was consented to before is taken for an answer.
  loadExistingGrant: async ({ oidc }: KoaContext & { oidc: { provider: { Grant: { find(id: string): Promise<unknown> } } } }) => {
    const grantId = oidc.result?.consent?.grantId;
    return grantId === undefined ? undefined : oidc.provider.Grant.find(grantId);
  },
  findAccount: async (_: unknown, id: string) => ((await parts.isPerson(id)) ? { accountId: id, claims: async () => ({ sub: id }) } : undefined),
  allowOmittingSingleRegisteredRedirectUri: false,
  issueRefreshToken: async (_: unknown, client: { grantTypeAllowed(type: string): boolean }) => client.grantTypeAllowed("refresh_token"),
  expiresWithSession: async () => false,
  rotateRefreshToken: true,
  renderError,
});

const answerMode = "query";
const isMetadata = (body: unknown): body is Record<string, unknown> => typeof body === "object" && body !== null && "response_modes_supported" in body;

export const authorizationServer = (parts: AuthorizationParts): Provider => {
  const provider = new Provider(parts.issuer, configurationOf(parts));
  provider.proxy = true;
  provider.use(async (context, next) => {
    await next();
    if (isMetadata(context.body)) context.body = { ...context.body, response_modes_supported: [answerMode] };
  });
  provider.on("server_error", (_, error) => parts.log.error("the authorization server failed", error));
  return provider;
};

const served: readonly string[] = [
  paths.token,
  paths.register,
  paths.revoke,
  paths.keys,
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
];

const isServed = (path: string): boolean => served.includes(path) || path === paths.authorize || path.startsWith(`${paths.authorize}/`);

/**
 * A client that does not say what it wants to do asks for what is usual. An answer comes in the query alone: the page with a script
 * that the library has for other modes is never shown.
 */
const usual = (target: string): string => {
  const at = target.indexOf("?");
  if (at < 0 || target.slice(0, at) !== paths.authorize) return target;
  const query = new URLSearchParams(target.slice(at + 1));
  if (query.has("response_mode") && query.get("response_mode") !== answerMode) query.set("response_mode", "unsupported");
  const given = query.getAll("scope");
  if (given.length < 2 && verbsIn(given[0]).length === 0)
    query.set("scope", [...(given[0]?.split(" ") ?? []), ...usualScopes].filter((word) => word !== "").join(" "));
  return `${paths.authorize}?${query}`;
};

/** The library makes addresses of these fields, and they are the installation's, whatever the request says. It knows nobody from before. */
const settle = (request: IncomingMessage, issuer: string): void => {
  const { host } = new URL(issuer);
  const { headers } = request;
  request.url = usual(request.url ?? "/");
  headers.host = host;
  headers["x-forwarded-host"] = host;
  headers["x-forwarded-proto"] = "https";
  if (headers.cookie !== undefined) headers.cookie = headers.cookie.replace(/__Host-slip-oauth(\.sig)?=[^;]*(; *|$)/g, "");
};

/** What has the keys and the metadata is the same for everybody: nothing is tried there. */
const isAttempt = (path: string): boolean => path === paths.token || path === paths.register || path === paths.revoke || path.startsWith(paths.authorize);

/** A person sees a page; a program is told in the words of OAuth (RFC 6749 §4.1.2.1). */
const refuse = (path: string, response: ServerResponse, { message, nextActions, retryAfterSeconds }: RateLimited): void => {
  const told = `${message} ${nextActions.join(" ")}`;
  const isPage = path.startsWith(paths.authorize);
  const headers = isPage ? pageHeaders() : { "content-type": "application/json", "cache-control": "no-store", "access-control-allow-origin": "*" };
  response.writeHead(429, { ...headers, "retry-after": String(retryAfterSeconds), connection: "close" });
  const body = { error: "temporarily_unavailable", error_description: told };
  response.end(isPage ? renderPage("This did not work", html`<p>${told}</p>`) : JSON.stringify(body));
};

/** Undefined when it was refused. */
const admitted = (path: string, limits: RateLimits, request: IncomingMessage, response: ServerResponse): Attempt | undefined => {
  try {
    return beginAttempt(limits, (name) => request.headers[name]?.toString());
  } catch (error) {
    if (!(error instanceof RateLimited)) throw error;
    refuse(path, response, error);
    return undefined;
  }
};

/** Of what is no attempt. */
const untold: Attempt = { ended() {} };

/** Serves the paths of the authorization server, and passes on all others. */
export const beforeOthers = (provider: Provider, limits: RateLimits, others: RequestListener): RequestListener => {
  const serve = provider.callback();
  return (request, response) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    if (!isServed(path)) return others(request, response);
    const attempt = isAttempt(path) ? admitted(path, limits, request, response) : untold;
    if (!attempt) return;
    settle(request, provider.issuer);
    // Served is not taken: who goes away before the answer has tried all the same.
    const ended = (): void => attempt.ended(response.statusCode);
    void serve(request, response).then(ended, ended);
  };
};
