// What a door that refuses a caller tells it about where to get a token (RFC 9728, RFC 6750 §3).
import { paths, scopes, usualScopes } from "./oauth.ts";

/** A door as a resource: "" = the API, "/mcp". */
export type Door = "" | "/mcp";

export const resourceMetadata = (issuer: string, door: Door): Record<string, unknown> => ({
  resource: `${issuer}${door}`,
  authorization_servers: [issuer],
  scopes_supported: scopes,
  bearer_methods_supported: ["header"],
  resource_name: "Slipstream",
});

/** Value of WWW-Authenticate for a door that needs a token: `invalid_token` when one came and was refused, `insufficient_scope` when it may not do this. */
export const challengeFor = (issuer: string, door: Door, of: { error?: "invalid_token" | "insufficient_scope"; scope?: string } = {}): string => {
  const fields = [
    ...(of.error === undefined ? [] : [`error="${of.error}"`]),
    `resource_metadata="${issuer}${paths.resourceMetadata}${door}"`,
    `scope="${of.scope ?? usualScopes.join(" ")}"`,
  ];
  return `Bearer ${fields.join(", ")}`;
};
