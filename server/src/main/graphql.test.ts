// The GraphQL door, as clients meet it: through the edge, with a real gate behind it.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { limit } from "@slipstream/contract/limits.ts";
import { sourceDigest } from "@slipstream/contract/source.ts";
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, printSchema } from "graphql";
import { serverAudits } from "graphql-http";
import { createClient } from "graphql-sse";
import { graphqlSchema } from "../control/api/graphql/schema.ts";
import { addAsker, addTenant } from "./testing/access-world.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";
import { type EdgeFetch, edgeFetch } from "./testing/edge-fetch.ts";

let plane: ControlPlane;
let ask: EdgeFetch;
before(async () => {
  plane = await startControlPlane();
  ask = await edgeFetch(plane, readFileSync(plane.home.token, "utf8").trim());
  for (const app of ["anchor", "bowline", "cleat"]) await plane.client.call("apps.create", { app });
  await plane.client.call("env.set", { app: "bowline", values: { A: "1", B: "2", C: "3" } });
});
after(async () => {
  await ask.close();
  await plane.stop();
});

interface Told {
  message: string;
  path?: (string | number)[];
  extensions: { code: string; next: string; requestId: string };
}
interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads into answers of many shapes, and fails where one is another.
  data: any;
  errors: Told[];
}

const post = async (query: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Answer> => {
  const response = await ask("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json", ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors = [] } = (await response.json()) as { data?: unknown; errors?: Told[] };
  return { status: response.status, data, errors };
};
const done = async (...of: Parameters<typeof post>): Promise<Answer["data"]> => {
  const { status, data, errors } = await post(...of);
  assert.deepEqual([status, errors], [200, []]);
  return data;
};
const codes = ({ errors }: Answer): string[] => errors.map(({ extensions }) => extensions.code);

/** Why an audit that is no MUST is not kept to. All are. */
const reasons: Readonly<Record<string, string>> = {};

describe("the audits of graphql-http", () => {
  const fetchFn = (url: string, init: Parameters<EdgeFetch>[1]): ReturnType<EdgeFetch> => ask(url.slice(url.indexOf("/graphql")), init);
  const audits = serverAudits({ url: "https://slip.localhost/graphql", fetchFn });
  for (const { id, name, fn } of audits)
    test(`${id} ${name}`, async () => {
      const result = await fn();
      if (result.status === "ok") return assert.equal(reasons[id], undefined, "The reason is not needed any more.");
      assert.notEqual(result.status, "error", JSON.stringify(result));
      return assert.ok(reasons[id], `${name}: ${(result as { reason: string }).reason}`);
    });
});

test("the schema that a caller reads is the one of the registry", async () => {
  const data = await done(getIntrospectionQuery({ oneOf: true, specifiedByUrl: true }));
  assert.equal(printSchema(buildClientSchema(data as IntrospectionQuery)), printSchema(graphqlSchema()));
});

describe("lists", () => {
  const page =
    "query ($first: Int, $after: String) { apps(first: $first, after: $after) { edges { cursor node { app } } pageInfo { hasNextPage endCursor } } }";

  test("come page by page, each item once", async () => {
    const names: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const { apps } = await done(page, { first: 2, after });
      names.push(...apps.edges.map(({ node }: { node: { app: string } }) => node.app));
      ({ endCursor: after, hasNextPage: more } = apps.pageInfo);
    }
    assert.deepEqual(names, ["anchor", "bowline", "cleat"]);
  });

  test("that an operation pages are asked for no more than is wanted", async () => {
    const query =
      'query ($after: String) { app(app: "bowline") { journal(first: 1, after: $after) { edges { node { operation appName } } pageInfo { hasNextPage endCursor } } } }';
    const first = (await done(query)).app.journal;
    assert.deepEqual([first.edges[0].node, first.pageInfo.hasNextPage], [{ operation: "env.set", appName: "bowline" }, true]);
    const second = (await done(query, { after: first.pageInfo.endCursor })).app.journal;
    assert.deepEqual([second.edges[0].node.operation, second.pageInfo.hasNextPage], ["apps.create", false]);
  });

  test("take no cursor that is not theirs, or whose item has gone", async () => {
    const { apps } = await done(page, { first: 1 });
    const of = 'query ($after: String) { env(app: "bowline", after: $after) { edges { cursor } } }';
    for (const after of [apps.pageInfo.endCursor, "nonsense", "", Buffer.from('["env.list","GONE"]').toString("base64url")])
      assert.deepEqual(codes(await post(of, { after })), ["invalid_input"], after);
    for (const first of [-1, limit("graphqlPageMax") + 1]) assert.deepEqual(codes(await post(page, { first })), ["invalid_input"]);
  });
});

describe("what has an id", () => {
  const node = "query ($id: ID!) { node(id: $id) { __typename id } }";
  const globalId = (type: string, key: unknown): string => Buffer.from(JSON.stringify([type, key])).toString("base64url");
  const lists = "apps plans(first: 1) journal(first: 1) approvals webhooks tokens keys providers connections projects";
  const query = `{ ${lists.replaceAll(/[a-z]+(\([^)]*\))?/g, (list) => `${list} { edges { node { __typename id } } }`)} }`;
  const idsOf = (data: Record<string, { edges: { node: { __typename: string; id: string } }[] }>) =>
    Object.values(data).flatMap(({ edges }) => edges.map((edge) => edge.node));

  test("is found again by it, as what it is", async () => {
    await plane.client.call("plans.create", { operation: "env.set", input: { app: "bowline", values: { A: "2" } } });
    await plane.client.call("webhooks.create", { url: "https://hooks.example.org/" });
    const token = `slip_${randomUUID()}`;
    await plane.client.call("tokens.create", { name: "asks", sha256: createHash("sha256").update(token).digest("hex"), grant: { verbs: ["read"] } });
    await assert.rejects(plane.clientWith(token).call("apps.create", { app: "dinghy" }));
    const all = idsOf(await done(query));
    const types = new Set(all.map(({ __typename }) => __typename));
    assert.deepEqual(types, new Set(["App", "Plan", "JournalEntry", "Approval", "Webhook", "Token", "Key", "Project"]));
    for (const one of all) assert.deepEqual((await done(node, { id: one.id })).node, one);
    const { node: app } = await done("query ($id: ID!) { node(id: $id) { ... on App { app env { edges { node { name } } } } } }", {
      id: globalId("App", "bowline"),
    });
    assert.deepEqual([app.app, app.env.edges.length], ["bowline", 3], "and leads on");
  });

  test("is not there for who is of another tenant, as what nobody has", async () => {
    const mine = idsOf(await done(query)).filter(({ __typename }) => __typename !== "Key");
    await addTenant(plane, "neighbour");
    const { token } = await addAsker(plane, { name: "neighbour", tenant: "neighbour", role: "owner" });
    // What is given out makes all changes of tokens known.
    await plane.client.call("tokens.create", { name: "other", sha256: "1".repeat(64), grant: { verbs: [] } });
    await plane.clientWith(token).call("apps.create", { app: "ketch" });
    const neighbour = { authorization: `Bearer ${token}` };
    const nobodys = [
      ["App", "nobody"],
      ["App", "Not a name"],
      ["App", 1],
      ["Release", "1"],
      ["Query", "x"],
      ["apps.list", "anchor"],
      ["__proto__", "x"],
    ];
    const ids = [...nobodys.map(([type, key]) => globalId(String(type), key)), "", "nonsense", `jrn_${"0".repeat(26)}`, "jrn_1"];
    for (const id of ids) for (const headers of [{}, neighbour]) assert.deepEqual(await done(node, { id }, headers), { node: null }, id);
    const shared = mine.filter(({ id }) => id !== globalId("Project", "default"));
    assert.ok(shared.length > 6);
    for (const { id } of shared) assert.deepEqual(await done(node, { id }, neighbour), { node: null }, id);
    assert.equal((await done(node, { id: globalId("App", "ketch") }, neighbour)).node.__typename, "App");
    assert.deepEqual(await done(node, { id: globalId("App", "ketch") }), { node: null });
  });
});

test("one noun leads to the other", async () => {
  const { app } = await done(
    '{ app(app: "bowline") { env(first: 10) { edges { node { name value } } } domains { edges { node { domain app { app url } } } } deployment { state } } }',
  );
  assert.deepEqual(
    app.env.edges.map(({ node }: { node: unknown }) => node),
    ["A", "B", "C"].map((name, index) => ({ name, value: String(index + 1) })),
  );
  assert.deepEqual([app.domains.edges[0].node.app.app, app.deployment], ["bowline", null]);
});

describe("errors", () => {
  test("have a code of the catalogue, what to do and the request's id, and leave the rest of the answer be", async () => {
    const answer = await post('{ good: app(app: "cleat") { app } bad: app(app: "nobody") { app } }', {}, { "x-request-id": "graphql-test-1" });
    assert.deepEqual([answer.status, answer.data], [200, { good: { app: "cleat" }, bad: null }]);
    assert.deepEqual([answer.errors[0]?.path, answer.errors[0]?.extensions.code], [["bad"], "not_found"]);
    assert.match(JSON.stringify(answer.errors[0]?.extensions), /"next":".*"requestId":".+"/);
  });

  test("of a caller whom nobody knows are said before anything is read", async () => {
    for (const headers of [{ authorization: "Bearer wrong" }, { authorization: "" }]) {
      const answer = await post("{ not even a query", {}, headers);
      assert.deepEqual([answer.status, codes(answer), answer.data], [401, ["unauthorized"], undefined]);
    }
  });

  test("of a request that does not fit tell what it does not fit", async () => {
    const cases: [string, RegExp][] = [
      ["{ apps { edges { node { colour } } } }", /colour/],
      ["{ apps", /Syntax Error/],
      ['mutation { appsScale(input: { app: "cleat", instances: 99 }) { app } }', /instances/],
      ['mutation { deploymentsCreate(input: { app: "cleat", source: { tree: { digest: "x" }, git: { url: "y" } } }) { app { app } } }', /one/i],
    ];
    for (const [query, message] of cases) {
      const answer = await post(query);
      assert.deepEqual(codes(answer), ["invalid_input"], query);
      assert.match(answer.errors[0]?.message ?? "", message);
    }
    const costly = "{ apps(first: 100) { edges { node { deployments(first: 100) { edges { node { url phases { ms } } } } } } } }";
    assert.deepEqual(codes(await post(costly)), ["too_large"]);
  });

  test("of another method, type or a hash in place of a query are what clients look for", async () => {
    const changing = await ask(`/graphql?query=${encodeURIComponent('mutation { appsCreate(input: { app: "csrf" }) { app } }')}`);
    assert.deepEqual([changing.status, changing.headers.get("allow")], [405, "POST"]);
    await assert.rejects(plane.client.call("apps.get", { app: "csrf" }), { code: "not_found" });
    const form = await ask("/graphql", { method: "POST", body: new URLSearchParams({ query: "{ __typename }" }) });
    assert.equal(form.status, 415);
    assert.match(await form.text(), /"code":"invalid_input"/);
    assert.equal((await ask("/graphql", { method: "DELETE" })).status, 405);
    const hash = { extensions: { persistedQuery: { version: 1, sha256Hash: "00" } } };
    const persisted = await ask("/graphql", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(hash) });
    assert.match(await persisted.text(), /"message":"PersistedQueryNotSupported"/);
    const batch = await ask("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify([{ query: "{ __typename }" }]),
    });
    assert.equal(batch.status, 400);
  });
});

describe("changes", () => {
  test("are done once for a key, which is the same through every door", async () => {
    const key = randomUUID();
    const create = 'mutation { appsCreate(input: { app: "dolly" }) { app createdAt } }';
    const first = await done(create, {}, { "idempotency-key": key });
    assert.deepEqual(await done(create, {}, { "idempotency-key": key }), first);
    const byRest = await plane.client.call("apps.create", { app: "dolly" }, { idempotencyKey: key });
    assert.equal(byRest.createdAt, first.appsCreate.createdAt);
    const other = await post('mutation { appsCreate(input: { app: "eyelet" }) { app } }', {}, { "idempotency-key": key });
    assert.deepEqual(codes(other), ["idempotency_mismatch"]);
  });

  test("are several in one request, in their order, each with a key of its own", async () => {
    const both =
      'mutation { a: appsCreate(input: { app: "fid" }) { app } b: envSet(input: { app: "fid", values: { X: "1" } }) { names app { env { edges { node { name } } } } } }';
    const key = randomUUID();
    const data = await done(both, {}, { "idempotency-key": key });
    assert.deepEqual([data.b.names, data.b.app.env.edges[0].node.name], [["X"], "X"]);
    assert.deepEqual((await done(both, {}, { "idempotency-key": key })).a, { app: "fid" });
  });

  test("take contents too, so that a source can be sent", async () => {
    const content = Buffer.from("<h1>knots</h1>");
    const sha256 = createHash("sha256").update(content).digest("hex");
    const entry = { path: "index.html", sha256, size: content.length, executable: false };
    const check = "mutation ($file: SourceEntryFileInput!) { sourcesCheck(input: { entries: [{ file: $file }] }) { source missing } }";
    const before = await done(check, { file: entry });
    assert.deepEqual(before.sourcesCheck, { source: sourceDigest({ entries: [{ type: "file", ...entry }] }), missing: [sha256] });
    const upload = "mutation ($sha256: String!, $content: Base64!) { sourcesUpload(input: { sha256: $sha256 }, content: $content) { sizeBytes } }";
    const sent = await done(upload, { sha256, content: content.toString("base64") });
    assert.equal(sent.sourcesUpload.sizeBytes, content.length);
    assert.deepEqual((await done(check, { file: entry })).sourcesCheck.missing, []);
  });
});

test("a deployment is followed over server-sent events until it has ended", async () => {
  const create = 'mutation { deploymentsCreate(input: { app: "cleat", source: { git: { url: "https://git.invalid/knots.git" } } }) { deployment } }';
  const { deployment } = (await done(create)).deploymentsCreate;
  const client = createClient({
    url: `${ask.url}/graphql`,
    retryAttempts: 0,
    fetchFn: (url: string, init: Parameters<EdgeFetch>[1]) => ask(new URL(url).pathname, init),
  });
  const states: string[] = [];
  const query = "subscription ($deployment: ID!) { deploymentsWatch(deployment: $deployment) { state app { app } } }";
  for await (const { data } of client.iterate<{ deploymentsWatch: { state: string; app: { app: string } } }>({ query, variables: { deployment } })) {
    assert.equal(data?.deploymentsWatch.app.app, "cleat");
    if (states.length === 0) await done("mutation ($d: ID!) { deploymentsCancel(input: { deployment: $d }) { state } }", { d: deployment });
    states.push(data?.deploymentsWatch.state ?? "");
  }
  assert.ok(["WAITING", "RUNNING"].includes(states[0] ?? ""), String(states));
  assert.equal(states.at(-1), "CANCELLED");
  client.dispose();
});

test("a subscription that cannot be is an error among the events, and comes over nothing else", async () => {
  const query = 'subscription { deploymentsWatch(deployment: "dep_00000000000000000000000000") { state } }';
  assert.deepEqual(codes(await post(query)), ["invalid_input"]);
  const events = await ask("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ query }),
  });
  assert.equal(events.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.match(await events.text(), /event: next\ndata: .*"code":"not_found".*\n\nevent: complete\n/);
});
