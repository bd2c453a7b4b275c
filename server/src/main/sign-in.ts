// Sign-in as part of control's server: the authorization server on its paths, the pages beside the operations.
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { Provider } from "oidc-provider";
import { personOf } from "../control/access/people-store.ts";
import type { Environment } from "../control/api/environment.ts";
import type { Gate } from "../control/api/gate.ts";
import type { RateLimits } from "../control/api/rate/rate-limits.ts";
import type { Control } from "../control/control.ts";
import { keyFile } from "../control/keys/key-files.ts";
import type { AuthorizationParts } from "../control/oauth/authorization-server.ts";
import { beforeOthers } from "../control/oauth/before-others.ts";
import { issuerOf } from "../control/oauth/oauth.ts";
import { challengeFor } from "../control/oauth/protected-resource.ts";
import { listProviders } from "../control/sign-in/provider-store.ts";
import { signInRoutes } from "../control/sign-in/routes.ts";

type FetchCallback = Parameters<typeof getRequestListener>[0];

/** Every door tells who has no token where to get one. */
const challenging =
  (api: Hono<Environment>, issuer: string): FetchCallback =>
  async (request, bindings) => {
    const answer = await api.fetch(request, bindings);
    if (answer.status !== 401) return answer;
    const door = new URL(request.url).pathname === "/mcp" ? "/mcp" : "";
    answer.headers.set("www-authenticate", challengeFor(issuer, door, request.headers.has("authorization") ? { error: "invalid_token" } : {}));
    return answer;
  };

/** The library is loaded when somebody asks for it: it is a third of what control loads, and a start should not wait for it. */
const whenAsked = (parts: AuthorizationParts) => {
  let made: Promise<Provider> | undefined;
  return (): Promise<Provider> => {
    made ??= import("../control/oauth/authorization-server.ts").then(({ authorizationServer }) => authorizationServer(parts));
    return made;
  };
};

/** Adds the pages to `api`, and gives what serves it all. What a person decides on a page passes the gate. */
export const withSignIn = (control: Control, { gate, limits, api }: { gate: Gate; limits: RateLimits; api: Hono<Environment> }): RequestListener => {
  const { database, sealing, home, log, tokens } = control;
  const issuer = issuerOf(control.installation);
  const changed = (): Promise<void> => tokens.refresh();
  const keys = { signing: keyFile(join(home.control, "oauth-signing.key")), cookies: keyFile(join(home.control, "cookies.key")) };
  const isPerson = async (id: string): Promise<boolean> => (await personOf(database, id)) !== undefined;
  const provider = whenAsked({ issuer, database, sealing, keys, log, isPerson, changed });
  const providers = async (): Promise<string[]> => (await listProviders(database)).map(({ name }) => name);
  api.route("/", signInRoutes({ issuer, database, gate, sealing, cookieKey: keys.cookies, provider, providers, changed, limits, log }));
  return beforeOthers({ issuer, log, provider }, limits, getRequestListener(challenging(api, issuer), { overrideGlobalObjects: false }));
};
