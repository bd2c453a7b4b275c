// The authorization server for agents: OAuth 2.1 as the MCP authorization specification asks, on the certified library oidc-provider.
import { limit } from "@slipstream/contract/limits.ts";
import { errors, type KoaContext, Provider } from "oidc-provider";
import type { Database } from "#platform/database.ts";
import type { Log } from "#platform/log.ts";
import type { Sealing } from "../secrets/sealing.ts";
import { html } from "../sign-in/html.ts";
import { pageHeaders, renderPage } from "../sign-in/page.ts";
import { adapterOn } from "./adapter.ts";
import { documentFetch, isDocumentAddress } from "./client-documents.ts";
import { type ClientMetadata, checkClient } from "./client-rules.ts";
import { answerMode, paths, resourcesOf, scopes } from "./oauth.ts";
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

const isMetadata = (body: unknown): body is Record<string, unknown> => typeof body === "object" && body !== null && "response_modes_supported" in body;

/** The client has gone, or what it sent is no HTTP: it is no defect of ours. */
const isBrokenOff = ({ code = "" }: NodeJS.ErrnoException): boolean => code.startsWith("HPE_") || code === "ECONNRESET" || code === "EPIPE";

export const authorizationServer = (parts: AuthorizationParts): Provider => {
  const provider = new Provider(parts.issuer, configurationOf(parts));
  provider.proxy = true;
  provider.use(async (context, next) => {
    await next();
    if (isMetadata(context.body)) context.body = { ...context.body, response_modes_supported: [answerMode] };
  });
  // The library would print each of them, and anybody can break off as often as they like.
  provider.on("error", (error) => {
    if (!isBrokenOff(error)) parts.log.error("the authorization server failed", error);
  });
  provider.on("server_error", (_, error) => parts.log.error("the authorization server failed", error));
  return provider;
};
