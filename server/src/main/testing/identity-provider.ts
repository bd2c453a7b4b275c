// Another place where people are known: a second authorization server, on this machine, that signs in whom the test names.
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import { Provider } from "oidc-provider";
import { signingKey } from "../../control/oauth/signing-key.ts";

export interface Elsewhere {
  origin: string;
  /** Who signs in there next. */
  person: { subject: string; email: string; isVerified: boolean; name: string };
  /** Changes each answer before it is sent. */
  spoil?: ((answer: URL) => void) | undefined;
  stop(): Promise<void>;
}

const listen = async (server: Server): Promise<string> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const claims = { email: ["email", "email_verified"], profile: ["name"] };

/** Plays the person at once: no page, the consent given. */
const providerAt = (origin: string, redirectUri: string, of: Elsewhere): Provider =>
  new Provider(origin, {
    clients: [
      {
        client_id: "slipstream",
        client_secret: "s3cret",
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: "client_secret_post",
        id_token_signed_response_alg: "ES256",
      },
    ],
    jwks: { keys: [signingKey(Buffer.alloc(32, 7))] },
    claims: { openid: ["sub"], ...claims },
    conformIdTokenClaims: false,
    cookies: { keys: ["test"] },
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
    features: { devInteractions: { enabled: false } },
    interactions: { url: async (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: async (_: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: of.person.email, email_verified: of.person.isVerified, name: of.person.name }),
    }),
  });

const spoiled = ({ spoil }: Elsewhere, text: string): string => {
  const answer = new URL(text);
  spoil?.(answer);
  return answer.href;
};

export const identityProvider = async (callback: string): Promise<Elsewhere> => {
  const server = nodeHttp.createServer();
  const origin = await listen(server);
  const elsewhere: Elsewhere = {
    origin,
    person: { subject: "ada", email: "ada@example.org", isVerified: true, name: "Ada" },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  const provider = providerAt(origin, callback, elsewhere);
  const serve = provider.callback();
  server.on("request", (request, response) => {
    if (request.url?.startsWith("/interaction/"))
      return void answerAt(provider, elsewhere, request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    const write = response.setHeader.bind(response);
    const isAnswer = (name: string, value: unknown): boolean => name.toLowerCase() === "location" && String(value).startsWith(callback);
    response.setHeader = (name, value) => write(name, isAnswer(name, value) ? spoiled(elsewhere, String(value)) : value);
    return serve(request, response);
  });
  return elsewhere;
};

const answerAt = async (provider: Provider, { person }: Elsewhere, ...[request, response]: Parameters<ReturnType<Provider["callback"]>>): Promise<void> => {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: person.subject, clientId: String(params.client_id) });
  grant.addOIDCScope(String(params.scope));
  const result = { login: { accountId: person.subject }, consent: { grantId: await grant.save() } };
  response.writeHead(303, { location: await provider.interactionResult(request, response, result) }).end();
};

/** A GitHub as far as signing in needs one. */
export const gitHubLike = async (user: {
  id: number;
  login: string;
  name: string | null;
}): Promise<{ origin: string; seen: URLSearchParams[]; stop(): Promise<void> }> => {
  const seen: URLSearchParams[] = [];
  const server = nodeHttp.createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const json = (status: number, body: unknown): void => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (url.pathname === "/login/oauth/authorize") {
      const back = new URL(url.searchParams.get("redirect_uri") ?? "");
      back.search = new URLSearchParams({ code: "one", state: url.searchParams.get("state") ?? "" }).toString();
      seen.push(url.searchParams);
      response.writeHead(302, { location: back.href }).end();
    } else if (url.pathname === "/login/oauth/access_token") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const sent = new URLSearchParams(Buffer.concat(chunks).toString());
      seen.push(sent);
      if (sent.get("client_secret") === "s3cret" && sent.get("code") === "one") json(200, { access_token: "gho_x", token_type: "bearer", scope: "read:user" });
      else json(200, { error: "bad_verification_code" });
    } else if (url.pathname === "/api/v3/user" && request.headers.authorization === "Bearer gho_x") json(200, user);
    else json(404, {});
  });
  const origin = await listen(server);
  return {
    origin,
    seen,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
