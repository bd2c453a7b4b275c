import { z } from "zod";
import { Grant } from "../access.ts";
import { limit } from "../limits.ts";
import { AppName, GrantId, Timestamp } from "../words.ts";
import { operation } from "./operation.ts";

const ProviderKind = z.enum(["oidc", "github"]);

export const signIn = {
  "sessions.code": operation({
    name: "sessions.code",
    summary: "Let a code sign the caller in on the pages, once; only its hash is sent.",
    method: "POST",
    path: "/v1/sessions/code",
    /** SHA-256 of the code in lower case, without spaces and dashes, which nobody but its maker has seen. */
    input: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    /** Where to type it, and until when. */
    output: z.object({ url: z.string(), expiresAt: Timestamp }),
    permission: "any",
    effect: "write",
    errors: ["forbidden", "conflict"],
  }),
  "providers.list": operation({
    name: "providers.list",
    summary: "List where people can sign in besides here.",
    method: "GET",
    path: "/v1/providers",
    input: z.object({}),
    output: z.object({
      providers: z.array(z.object({ name: z.string(), kind: ProviderKind, issuer: z.string(), clientId: z.string(), createdAt: Timestamp })),
    }),
    permission: "administer",
    effect: "read",
    errors: ["forbidden"],
  }),
  "providers.add": operation({
    name: "providers.add",
    summary: "Let people sign in with a provider of OpenID Connect, or with GitHub.",
    method: "POST",
    path: "/v1/providers",
    input: z.object({
      name: AppName,
      kind: ProviderKind.default("oidc"),
      /** Address of the provider, as it is in its tokens; GitHub has one already. */
      issuer: z.string().max(512).optional(),
      clientId: z.string().min(1).max(512),
      clientSecret: z.string().min(1).max(limit("secretBytes")),
    }),
    /** The address that the provider is to send people back to. */
    output: z.object({ name: z.string(), callback: z.string() }),
    permission: "administer",
    effect: "write",
    errors: ["forbidden", "conflict", "invalid_input"],
  }),
  "providers.remove": operation({
    name: "providers.remove",
    summary: "Take away a way to sign in; people stay who they are.",
    method: "DELETE",
    path: "/v1/providers/{name}",
    input: z.object({ name: AppName }),
    output: z.object({ name: z.string() }),
    permission: "administer",
    effect: "write",
    errors: ["forbidden", "not_found"],
  }),
  "connections.list": operation({
    name: "connections.list",
    summary: "List the agents that may act for somebody, and what each of them may do.",
    method: "GET",
    path: "/v1/connections",
    input: z.object({}),
    output: z.object({
      connections: z.array(
        z.object({
          connection: z.string(),
          /** As the agent calls itself. */
          client: z.string(),
          clientId: z.string(),
          person: z.string(),
          grant: Grant,
          createdAt: Timestamp,
          expiresAt: Timestamp,
        }),
      ),
    }),
    permission: "any",
    effect: "read",
    errors: [],
  }),
  "connections.revoke": operation({
    name: "connections.revoke",
    summary: "End what an agent may do for somebody, with every token that it has.",
    method: "DELETE",
    path: "/v1/connections/{connection}",
    input: z.object({ connection: GrantId }),
    output: z.object({ connection: z.string() }),
    permission: "any",
    effect: "write",
    errors: ["not_found"],
  }),
};
