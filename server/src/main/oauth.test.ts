// Agents sign in, through the edge: the whole way, and everything that must lead to no token.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import {
  auth,
  Client,
  type FetchLike,
  type OAuthClientProvider,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { type Agent, fetch } from "undici";
import { type Answer, initialize, mcpHeaders, OAuthAgent, signInOwner } from "./testing/agent.ts";
import { Browser, edgeAgent, fieldsOf, type Page } from "./testing/browser.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";
import { documentServer } from "./testing/document-server.ts";
import { wrongTokens } from "./testing/wrong-tokens.ts";

let plane: ControlPlane;
let edge: Agent;
let origin = "";
let browser: Browser;
let agent: OAuthAgent;

const newAgent = async (metadata: Record<string, unknown> = {}): Promise<OAuthAgent> => {
  const made = new OAuthAgent(origin, edge);
  const { status, body } = await made.register(metadata);
  assert.equal(status, 201, JSON.stringify(body));
  return made;
};

before(async () => {
  plane = await startControlPlane();
  edge = await edgeAgent(plane);
  origin = `https://slip.localhost:${plane.installation.httpsPort}`;
  browser = new Browser(origin, edge);
  await signInOwner(plane, browser);
  agent = await newAgent();
});
after(async () => {
  await edge.close();
  await plane.stop();
});

const apps = async (authorization: string | undefined): Promise<number> =>
  (await agent.get("/v1/apps", authorization === undefined ? {} : { authorization })).status;
const works = async (token: string): Promise<boolean> => (await apps(`Bearer ${token}`)) === 200;
const isRefused = ({ status, body }: Answer, error: string, why: string): void => {
  assert.equal(body.error, error, `${why}: ${JSON.stringify(body)}`);
  assert.ok(status === 400 || status === 401, why);
  assert.equal(body.access_token, undefined, why);
};

test("an agent finds everything from the address of the door", async () => {
  for (const door of ["", "/mcp"]) {
    const metadata = `${origin}/.well-known/oauth-protected-resource${door}`;
    const refused = await agent.post(door === "" ? "/v1/apps" : door, {}, { accept: "application/json, text/event-stream" });
    assert.deepEqual([refused.status, refused.headers.get("www-authenticate")], [401, `Bearer resource_metadata="${metadata}", scope="read deploy"`]);
    const wrong = await agent.post(door === "" ? "/v1/apps" : door, {}, { authorization: "Bearer x", accept: "application/json, text/event-stream" });
    assert.equal(wrong.headers.get("www-authenticate"), `Bearer error="invalid_token", resource_metadata="${metadata}", scope="read deploy"`);
    const { body } = await agent.get(`/.well-known/oauth-protected-resource${door}`);
    assert.partialDeepStrictEqual(body, {
      resource: `${origin}${door}`,
      authorization_servers: [origin],
      scopes_supported: ["read", "deploy", "configure", "destroy"],
    });
  }
  for (const name of ["oauth-authorization-server", "openid-configuration"]) {
    // What a request says of itself changes nothing.
    const { body, headers } = await agent.get(`/.well-known/${name}`, {
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "http",
      forwarded: "host=evil.example",
    });
    assert.partialDeepStrictEqual(body, {
      issuer: origin,
      authorization_endpoint: `${origin}/oauth/authorize`,
      token_endpoint: `${origin}/oauth/token`,
      registration_endpoint: `${origin}/oauth/register`,
      revocation_endpoint: `${origin}/oauth/revoke`,
      jwks_uri: `${origin}/oauth/keys`,
      response_types_supported: ["code"],
      response_modes_supported: ["query"],
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    });
    assert.equal(headers.get("access-control-allow-origin"), "*");
    assert.ok(
      (body.grant_types_supported as string[]).every((type) => ["authorization_code", "refresh_token"].includes(type)),
      JSON.stringify(body.grant_types_supported),
    );
  }
});

test("an agent gets what the person chose, and no more", async () => {
  const page = await browser.open(agent.request({ scope: "read deploy configure destroy" }));
  assert.match(page.text, /Let Test agent act for you\?/);
  assert.match(page.text, /your own machine/);
  assert.deepEqual(fieldsOf(page.text).verb, ["read", "deploy"], "what is ticked at first is little");
  const { location = "" } = await browser.submit(page, { decision: "allow", verb: ["read", "configure"], namePrefix: "bot-", days: "1" });
  const answer = new URL(location).searchParams;
  assert.equal(answer.get("state"), agent.state);
  assert.equal(answer.get("iss"), origin);
  const { status, body, headers } = await agent.exchange(answer.get("code") ?? "");
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal(body.token_type, "Bearer");
  assert.equal(body.scope, "read configure");
  assert.equal(body.expires_in, 3_600);
  const client = plane.clientWith(String(body.access_token));
  const { connections } = await client.call("connections.list", {});
  assert.equal(connections.length, 1, "it sees itself alone");
  assert.partialDeepStrictEqual(connections[0], {
    client: "Test agent",
    grant: {
      verbs: ["read", "configure"],
      projects: ["default"],
      environments: ["production"],
      namePrefix: "bot-",
      limits: { apps: 3, instances: 2 },
      budget: { builds: 50 },
    },
  });
  await assert.rejects(client.call("token.rotate", { sha256: "0".repeat(64) }), "it makes itself no lasting token");
  await assert.rejects(client.call("sessions.code", { sha256: "0".repeat(64) }), "it signs nobody in");
  const { entries } = await plane.client.call("journal.list", {});
  assert.ok(entries.some(({ operation, actor }) => operation === "connections.allow" && actor === "owner"));
});

test("an agent that does not say what it wants asks for little, and who says no gives nothing", async () => {
  const page = await browser.open(agent.request({ scope: undefined, resource: undefined }));
  assert.deepEqual(fieldsOf(page.text).verb, ["read", "deploy"]);
  assert.doesNotMatch(page.text, /value="(configure|destroy)"/);
  const { location = "" } = await browser.submit(page, { decision: "refuse" });
  assert.partialDeepStrictEqual(Object.fromEntries(new URL(location).searchParams), { error: "access_denied", state: agent.state, iss: origin });
  assert.equal(new URL(location).searchParams.get("code"), null);
});

test("the SDK's own client finds its way in from the address alone, and comes back with its refresh token", async () => {
  const kept: { client?: StoredOAuthClientInformation; tokens?: StoredOAuthTokens; verifier?: string; asked?: URL } = {};
  const provider: OAuthClientProvider = {
    redirectUrl: "http://localhost:7777/callback",
    clientMetadata: { client_name: "SDK", redirect_uris: ["http://localhost:7777/callback"] },
    clientInformation: () => kept.client,
    saveClientInformation: (client) => void Object.assign(kept, { client }),
    tokens: () => kept.tokens,
    saveTokens: (tokens) => void Object.assign(kept, { tokens }),
    redirectToAuthorization: (asked) => void Object.assign(kept, { asked }),
    saveCodeVerifier: (verifier) => void Object.assign(kept, { verifier }),
    codeVerifier: () => kept.verifier ?? "",
  };
  const edgeFetch: FetchLike = async (address, options) => (await fetch(address, { ...options, dispatcher: edge } as never)) as never;
  const connect = async (): Promise<number> => {
    const transport = new StreamableHTTPClientTransport(new URL(`${origin}/mcp`), { authProvider: provider, fetch: edgeFetch });
    const client = new Client({ name: "SDK", version: "1" });
    try {
      await client.connect(transport);
      return (await client.listTools()).tools.length;
    } finally {
      await client.close();
    }
  };
  await assert.rejects(connect(), UnauthorizedError);
  assert.equal(kept.asked?.origin, origin);
  const { location = "" } = await browser.submit(await browser.open(kept.asked?.href ?? ""), { decision: "allow" });
  const answer = new URL(location).searchParams;
  await auth(provider, { serverUrl: `${origin}/mcp`, authorizationCode: answer.get("code") ?? "", iss: answer.get("iss") ?? "", fetchFn: edgeFetch });
  assert.ok((await connect()) > 0, "tools are listed");
  const before = kept.tokens?.refresh_token;
  Object.assign(kept, { tokens: { ...kept.tokens, access_token: "gone" } });
  assert.ok((await connect()) > 0, "it refreshes when its token is refused");
  assert.notEqual(kept.tokens?.refresh_token, before);
});

test("an answer comes in the query, never by a page with a script", async () => {
  for (const response_mode of ["form_post", "fragment", "web_message", "jwt"]) {
    const page = await browser.open(agent.request({ response_mode }));
    assert.equal(new URL(page.location ?? "x:").searchParams.get("error"), "unsupported_response_mode", response_mode);
  }
});

test("redirect addresses are the registered ones, but for the port of a loopback address", async () => {
  const web = await newAgent({ redirect_uris: ["https://agent.example/callback"] });
  const mutated = [
    "https://agent.example/callback/",
    "https://agent.example/callback?x=1",
    "https://agent.example/callback#x",
    "https://agent.example/callback/../evil",
    "https://agent.example/Callback",
    "https://agent.example/callback%2f",
    "https://agent.example",
    "https://agent.example:8443/callback",
    "https://agent.example.evil.example/callback",
    "https://agent.example@evil.example/callback",
    "https://evil.example/callback",
    "https://evil.example/?https://agent.example/callback",
    "https://sub.agent.example/callback",
    "http://agent.example/callback",
    "https:agent.example/callback",
    "//agent.example/callback",
    "/callback",
    "javascript:alert(1)",
    "https://agent.example\\@evil.example/callback",
    "https://agent.example/callback\u0000",
    " https://agent.example/callback",
    "",
  ];
  for (const redirect_uri of mutated) {
    const page = await browser.open(web.request({ redirect_uri }));
    assert.ok(page.status === 400 && page.location === undefined, `${redirect_uri}: ${page.status} ${page.location}`);
  }
  for (const redirect_uri of [
    "http://127.0.0.1:7778/other",
    "http://127.0.0.1:7778/callback/",
    "http://localhost:7777/callback",
    "http://127.0.0.2:7777/callback",
    "https://127.0.0.1:7777/callback",
    "http://127.0.0.1.evil.example:7777/callback",
    "http://evil.example:7777/callback",
  ])
    assert.equal((await browser.open(agent.request({ redirect_uri }))).status, 400, redirect_uri);
  const otherPort = "http://127.0.0.1:54321/callback";
  const code = (await agent.authorize(browser, { request: { redirect_uri: otherPort } })).get("code") ?? "";
  isRefused(await agent.exchange(code), "invalid_grant", "the exchange names the address of the request");
});

test("clients register with addresses that are theirs alone", async () => {
  const bad: Record<string, unknown>[] = [
    { redirect_uris: ["http://agent.example/callback"] },
    { redirect_uris: ["https://agent.example/#x"] },
    { redirect_uris: ["javascript:alert(1)"] },
    { redirect_uris: ["data:text/html,x"] },
    { redirect_uris: ["https://user:password@agent.example/"] },
    { redirect_uris: ["not an address"] },
    { redirect_uris: [] },
    { redirect_uris: "https://agent.example/callback" },
    { redirect_uris: Array.from({ length: 11 }, (_, index) => `https://agent.example/${index}`) },
    { redirect_uris: [`https://agent.example/${"x".repeat(600)}`] },
    { client_name: "x".repeat(200) },
    { client_name: "a\u202eb" },
    { grant_types: ["client_credentials"] },
    { grant_types: ["implicit"], response_types: ["token"] },
    { response_types: ["code id_token"] },
    { token_endpoint_auth_method: "tls_client_auth" },
  ];
  for (const metadata of bad) {
    const { status, body } = await new OAuthAgent(origin, edge).register(metadata);
    assert.ok(
      status === 400 && /^invalid_(client_metadata|redirect_uri|request)$/.test(String(body.error)),
      `${JSON.stringify(metadata).slice(0, 100)}: ${status} ${JSON.stringify(body)}`,
    );
  }
  const cursor = await newAgent({ redirect_uris: ["cursor://anysphere.cursor-mcp/oauth/callback", "https://agent.example/callback"] });
  assert.equal((await browser.open(cursor.request({ redirect_uri: "cursor://anysphere.cursor-mcp/oauth/callback" }))).status, 200);
});

test("a code is worth nothing without its proof", async () => {
  for (const [why, request] of Object.entries({
    "no challenge": { code_challenge: undefined, code_challenge_method: undefined },
    "a plain challenge": { code_challenge_method: "plain" },
    "a challenge without its method": { code_challenge_method: undefined },
    "another method": { code_challenge_method: "S512" },
  })) {
    const page = await browser.open(agent.request(request));
    const answer = new URL(page.location ?? "x:").searchParams;
    assert.equal(answer.get("error"), "invalid_request", why);
    assert.equal(answer.get("code"), null, why);
  }
  const challenge = createHash("sha256").update(agent.verifier).digest("base64url");
  for (const code_verifier of [
    undefined,
    "",
    challenge,
    randomBytes(32).toString("base64url"),
    agent.verifier.slice(1),
    `${agent.verifier}A`,
    agent.verifier.toUpperCase(),
  ]) {
    const code = (await agent.authorize(browser)).get("code") ?? "";
    const answer = await agent.exchange(code, { code_verifier });
    assert.ok(answer.status === 400 && answer.body.access_token === undefined, `${code_verifier}: ${JSON.stringify(answer.body)}`);
  }
});

test("a code is its client's, for its address and this resource", async () => {
  const other = await newAgent();
  const code = (await agent.authorize(browser)).get("code") ?? "";
  isRefused(await other.exchange(code, { code_verifier: agent.verifier }), "invalid_grant", "another client");
  isRefused(await agent.exchange(code, { redirect_uri: "https://agent.example/callback" }), "invalid_grant", "another address");
  isRefused(await agent.exchange(code, { resource: "https://elsewhere.example/mcp" }), "invalid_target", "another resource");
  isRefused(await agent.exchange(code, { client_id: "nobody" }), "invalid_client", "no client");
  isRefused(await agent.exchange(code, { grant_type: "client_credentials" }), "unsupported_grant_type", "another way");
  const elsewhere = await browser.open(agent.request({ resource: "https://elsewhere.example/mcp" }));
  assert.equal(new URL(elsewhere.location ?? "x:").searchParams.get("error"), "invalid_target");
});

test("a code that comes twice ends what it gave", async () => {
  const code = (await agent.authorize(browser)).get("code") ?? "";
  const { body } = await agent.exchange(code);
  assert.ok(await works(String(body.access_token)));
  isRefused(await agent.exchange(code), "invalid_grant", "the second time");
  assert.equal(await works(String(body.access_token)), false, "what the first gave is worth nothing any more");
  isRefused(await agent.refresh(String(body.refresh_token)), "invalid_grant", "nor its refresh token");
});

test("of two who bring the same code or refresh token at once, at most one gets something, and it does not last", async () => {
  const code = (await agent.authorize(browser)).get("code") ?? "";
  const codes = await Promise.all(Array.from({ length: 6 }, () => agent.exchange(code)));
  const given = codes.flatMap(({ body }) => (typeof body.access_token === "string" ? [body.access_token] : []));
  assert.ok(given.length <= 1, `${given.length} tokens`);
  for (const token of given) assert.equal(await works(token), false);
  const { refresh } = await agent.connect(browser);
  const answers = await Promise.all(Array.from({ length: 6 }, () => agent.refresh(refresh)));
  const fresh = answers.flatMap(({ body }) => (typeof body.access_token === "string" ? [body.access_token] : []));
  assert.ok(fresh.length <= 1, `${fresh.length} tokens`);
  for (const token of fresh) assert.equal(await works(token), false);
});

test("a refresh token is replaced each time; the one of before ends everything", async () => {
  const first = await agent.connect(browser, { request: { scope: "read deploy" }, choice: { verb: ["read", "deploy"] } });
  const second = await agent.refresh(first.refresh);
  assert.equal(second.status, 200, JSON.stringify(second.body));
  assert.notEqual(second.body.refresh_token, first.refresh);
  assert.ok(await works(String(second.body.access_token)));
  const less = await agent.refresh(String(second.body.refresh_token), { scope: "read" });
  assert.equal(less.body.scope, "read");
  await assert.rejects(
    plane.clientWith(String(less.body.access_token)).call("apps.create", { app: "less" }),
    (error) => (error as { code?: string }).code === "forbidden",
  );
  isRefused(await agent.refresh(String(less.body.refresh_token), { scope: "read destroy" }), "invalid_scope", "more than was given");
  const other = await newAgent();
  isRefused(await other.refresh(String(less.body.refresh_token)), "invalid_grant", "another client");
  isRefused(await agent.refresh(first.refresh), "invalid_grant", "one that was used");
  for (const token of [first.access, second.body.access_token, less.body.access_token]) assert.equal(await works(String(token)), false);
  isRefused(await agent.refresh(String(less.body.refresh_token)), "invalid_grant", "the newest, too");
});

test("a client ends its own tokens, and no others; a person ends a client", async () => {
  const [mine, theirs] = [await agent.connect(browser), await newAgent()];
  await theirs.post("/oauth/revoke", new URLSearchParams({ token: mine.access, client_id: theirs.clientId }));
  assert.ok(await works(mine.access), "another client cannot");
  const { status } = await agent.post("/oauth/revoke", new URLSearchParams({ token: mine.refresh, client_id: agent.clientId }));
  assert.equal(status, 200);
  assert.equal(await works(mine.access), false);
  const again = await agent.connect(browser);
  const { connections } = await plane.clientWith(again.access).call("connections.list", {});
  await plane.client.call("connections.revoke", { connection: connections[0]?.connection ?? "" });
  assert.equal(await works(again.access), false);
  isRefused(await agent.refresh(again.refresh), "invalid_grant", "what was ended");
});

test("the page answers for whom it was shown, once", async () => {
  const page = await browser.open(agent.request());
  const stranger = new Browser(origin, edge);
  assert.equal((await stranger.submit(page, { decision: "allow" })).status, 403, "another browser");
  assert.equal((await browser.submit(page, { decision: "allow", form: "x" })).status, 403, "another form");
  assert.equal((await browser.submit(page, { decision: "allow" }, { headers: { origin: "https://evil.example" } })).status, 403, "another origin");
  assert.equal((await browser.submit(page, { decision: "allow" }, { headers: { "sec-fetch-site": "cross-site" } })).status, 403, "another site");
  for (const [why, change] of Object.entries({
    "nothing ticked": { verb: [] },
    "what was not asked for": { verb: ["destroy"] },
    "to administer": { verb: ["administer"] },
    "a project that is none": { project: ["other"] },
    "longer than offered": { days: "36500" },
    "a wrong prefix": { namePrefix: "UPPER" },
    "a wrong number": { apps: "-1" },
    "another tenant": { tenant: "other" },
  }))
    assert.equal((await browser.submit(page, { decision: "allow", ...change })).status, 400, why);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'.*form-action 'self' http:\/\/127\.0\.0\.1:7777; frame-ancestors 'none'/);
  assert.equal(page.headers.get("x-frame-options"), "DENY");
  assert.doesNotMatch(page.text, /<script|onclick|javascript:/i);
  const end = await browser.submit(page, { decision: "allow" });
  assert.ok(new URL(end.location ?? "x:").searchParams.get("code"));
  assert.notEqual((await browser.submit(page, { decision: "allow" })).status, 200, "a second time");
});

test("an agent's name and address are text on the page, and nothing else", async () => {
  const odd = await newAgent({ client_name: `<img src=x onerror=alert(1)> & "co"` });
  const page = await browser.open(odd.request({ state: `"><script>alert(1)</script>` }));
  assert.match(page.text, /&lt;img src=x onerror=alert\(1\)&gt; &amp; &quot;co&quot;/);
  assert.doesNotMatch(page.text, /<img|<script/);
});

test("documents of clients are asked for on the public internet alone", async () => {
  for (const client_id of [
    "https://127.0.0.1/client",
    "https://[::1]/client",
    "https://localhost/client",
    "https://agent.localhost/client",
    "https://10.0.0.1/client",
    "https://169.254.169.254/latest",
    `${origin}/client`,
    "https://agent.example:8443/client",
    "http://agent.example/client",
    "https://agent.example/",
  ]) {
    const page = await browser.open(agent.request({ client_id }));
    assert.ok(page.status === 400 && page.location === undefined, `${client_id}: ${page.status}`);
  }
});

test("a client that describes itself in a document signs in without registering", async () => {
  const documents = await documentServer(plane, origin, edge);
  const address = "https://agent.example/oauth/client.json";
  const document = { client_id: address, client_name: "Documented agent", redirect_uris: ["http://127.0.0.1:1/callback"], token_endpoint_auth_method: "none" };
  const ask = async (answer: unknown, change: Record<string, string> = {}, target = `${address}?${randomBytes(4).toString("hex")}`): Promise<Page> => {
    documents.answers.set(target, answer);
    return documents.ask(agent.request({ client_id: target, redirect_uri: "http://127.0.0.1:1/callback", ...change }));
  };
  try {
    const good = await ask({ ...document, client_id: address }, {}, address);
    assert.equal(good.status, 303, good.text);
    assert.match(good.location ?? "", /\/oauth\/consent\//);
    assert.equal(
      (await ask({ ...document, client_id: address }, { redirect_uri: "http://127.0.0.1:9/callback" }, address)).status,
      303,
      "any port of a loopback address",
    );
    assert.equal((await ask({ ...document, client_id: address }, { redirect_uri: "https://evil.example/callback" }, address)).status, 400);
    for (const [why, wrong] of Object.entries({
      "another client's": document,
      "too long": { ...document, x: "x".repeat(20_000) },
      "no JSON": "<html>",
      "a list": [],
      "a redirect": 302,
      "an error": 500,
    })) {
      const page = await ask(wrong);
      assert.ok(page.status === 400 && page.location === undefined, `${why}: ${page.status}`);
    }
    for (const wrong of [
      { client_secret: "x" },
      { token_endpoint_auth_method: "client_secret_post" },
      { redirect_uris: ["http://agent.example/"] },
      { redirect_uris: [] },
    ]) {
      const target = `${address}?${randomBytes(4).toString("hex")}`;
      assert.equal((await ask({ ...document, client_id: target, ...wrong }, {}, target)).status, 400, JSON.stringify(wrong));
    }
  } finally {
    await documents.stop();
  }
});

test("what is stored opens nothing", async () => {
  const { access, refresh } = await agent.connect(browser);
  const rows = await plane.database<{ text: string }[]>`
    select encode(id, 'escape') || encode(sealed, 'escape') as text from oauth_entries union all select t::text from tokens t union all select s::text from sessions s`;
  for (const secret of [access, refresh, agent.clientId]) assert.ok(!rows.some(({ text }) => text.includes(secret)));
  await plane.client.call("keys.rotate", {});
  assert.equal((await agent.refresh(refresh)).status, 200, "another sealing key takes the place of the one in use");
});

test("sign-in goes on after control has died", async () => {
  const { access, refresh } = await agent.connect(browser);
  const page = await browser.open(agent.request());
  await plane.kill("control");
  assert.ok(await works(access));
  const end = await browser.submit(page, { decision: "allow" });
  assert.equal((await agent.exchange(new URL(end.location ?? "x:").searchParams.get("code") ?? "")).status, 200);
  assert.equal((await agent.refresh(refresh)).status, 200);
});

test("no kind of wrong token opens a door", async () => {
  const wrong = await wrongTokens(plane, origin, edge);
  assert.ok(wrong.size >= 20, String(wrong.size));
  for (const [kind, authorization] of wrong) {
    const sent: Record<string, string> = authorization === undefined ? {} : { authorization };
    const [rest, graphql] = [await agent.get("/v1/apps", sent), await agent.post("/graphql", { query: "{ __typename }" }, sent)];
    const mcp = await agent.post("/mcp", initialize, { ...mcpHeaders, ...sent });
    for (const { status, body } of [rest, graphql, mcp]) assert.match(`${status} ${JSON.stringify(body)}`, /^401 .*"code":"unauthorized"/, kind);
    assert.match(String(mcp.headers.get("www-authenticate")), new RegExp(`resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`), kind);
  }
  const { access } = await agent.connect(browser);
  assert.equal((await agent.post("/mcp", initialize, { ...mcpHeaders, authorization: `Bearer ${access}` })).status, 200, "and a good one does");
});

test("the number of registered clients is bounded, and those that are in use stay", async () => {
  const { refresh } = await agent.connect(browser);
  await plane.database`
    insert into oauth_entries (model, id, sealed, key_id, created_at)
    select 'Client', sha256(convert_to('x' || n, 'UTF8')), 'x', (select max(id) from sealing_keys), now() + n * interval '1 second' from generate_series(1, 1100) n`;
  const late = await newAgent();
  const [row] = await plane.database<{ count: number }[]>`select count(*) as count from oauth_entries where model = 'Client'`;
  assert.equal(row?.count, 1_000);
  assert.equal((await agent.refresh(refresh)).status, 200);
  assert.equal((await browser.open(late.request())).status, 200);
});
