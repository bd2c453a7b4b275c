// The agents' door for real: control with its database, asked by the official client in the current revision of the protocol and in the one before.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ElicitResult, type FetchLike, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { sourceDigest } from "@slipstream/contract/source.ts";
import { Agent, fetch as fetchOver } from "undici";
import { newId } from "#platform/ids.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

const revisions = ["2026-07-28", "2025-11-25"] as const;
type Revision = (typeof revisions)[number];
type Answer = (message: string) => ElicitResult;

let plane: ControlPlane;
let agent: Agent;
let fetchHere: FetchLike;
const clients: Client[] = [];

before(async () => {
  plane = await startControlPlane();
  agent = new Agent({ connect: { socketPath: plane.home.controlSocket } });
  fetchHere = (async (url: string | URL, init: object) => fetchOver(url, { ...init, dispatcher: agent })) as unknown as FetchLike;
});
after(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await agent.close();
  await plane.stop();
});

const url = new URL("http://localhost/mcp");
const ownerToken = (): string => readFileSync(plane.home.token, "utf8").trim();

const storeToken = async (verbs: string[]): Promise<string> => {
  const token = `slip_${randomUUID()}`;
  const sha256 = createHash("sha256").update(token).digest();
  await plane.database`insert into tokens (id, tenant, actor, sha256, verbs) values (${newId("tok")}, 'local', 'tester', ${sha256}, ${verbs})`;
  await sleep(300);
  return token;
};

/** `answer`: what the user says when asked; without it the client cannot ask. */
const connect = async (revision: Revision, { answer, token = ownerToken() }: { answer?: Answer; token?: string } = {}): Promise<Client> => {
  const client = new Client(
    { name: "test", version: "1.0.0" },
    { capabilities: answer ? { elicitation: { form: {} } } : {}, versionNegotiation: { mode: revision === "2026-07-28" ? { pin: revision } : "legacy" } },
  );
  if (answer) client.setRequestHandler("elicitation/create", ({ params }) => answer(params.message));
  await client.connect(new StreamableHTTPClientTransport(url, { fetch: fetchHere, requestInit: { headers: { authorization: `Bearer ${token}` } } }));
  clients.push(client);
  return client;
};

interface Result {
  value: Record<string, unknown>;
  isError: boolean;
  text: string;
}
const call = async (client: Client, name: string, input: Record<string, unknown> = {}, options: Parameters<Client["callTool"]>[1] = {}): Promise<Result> => {
  const { structuredContent, isError = false, content } = await client.callTool({ name, arguments: input }, options);
  const [first] = content;
  const text = first?.type === "text" ? first.text : "";
  assert.deepEqual(JSON.parse(text), structuredContent, "the text says the same");
  return { value: structuredContent as Record<string, unknown>, isError, text };
};

const newApp = async (): Promise<string> => (await plane.client.call("apps.create", { app: `app-${randomUUID().slice(0, 8)}` })).app;

const hostsIn = ({ value }: Result): string[] => (value.domains as { domain: string }[]).map(({ domain }) => domain);

/** More than a tokenizer makes of it: measured with o200k and cl100k on this very list, a fifth more. */
const tokensOf = (text: string): number =>
  (text.match(/[A-Za-z]+|\d+|\s+|[^A-Za-z\d\s]+/g) ?? []).reduce((sum, part) => sum + Math.ceil(part.length / (/^[A-Za-z]/.test(part) ? 7 : 3)), 0);

test("the tools are few, and all of them cost an agent little", async () => {
  const { tools } = await (await connect("2026-07-28")).listTools();
  assert.ok(tools.length <= 20, `${tools.length} tools`);
  const tokens = tokensOf(JSON.stringify({ tools }));
  assert.ok(tokens < 6_000, `${tokens} tokens`);
  for (const { name, annotations, outputSchema, title } of tools) {
    assert.ok(annotations?.readOnlyHint !== undefined && annotations.destructiveHint !== undefined && annotations.idempotentHint !== undefined, name);
    assert.ok(outputSchema && title, name);
    assert.ok(!(annotations.readOnlyHint && annotations.destructiveHint), name);
  }
  const destructive = tools.filter(({ annotations }) => annotations?.destructiveHint).map(({ name }) => name);
  assert.ok(
    ["destroy", "domains"].every((name) => destructive.includes(name)),
    destructive.join(),
  );
});

test("all apps are read page by page", async () => {
  const client = await connect("2026-07-28");
  const made = await Promise.all(Array.from({ length: 60 }, newApp));
  const names: string[] = [];
  for (let left = 1; left > 0; ) {
    const after = names.at(-1);
    const { value } = await call(client, "status", after === undefined ? {} : { after });
    names.push(...(value.apps as { app: string }[]).map(({ app }) => app));
    left = (value.omitted as number | undefined) ?? 0;
  }
  assert.ok(made.every((app) => names.includes(app)));
  assert.equal(new Set(names).size, names.length);
});

for (const revision of revisions) {
  test(`${revision}: an agent reads what is there, and values of secrets never come back`, async () => {
    const client = await connect(revision);
    assert.equal(client.getNegotiatedProtocolVersion(), revision);
    const app = `shop-${revision}`;
    const set = await call(client, "set_config", { app, env: { COLOUR: "blue" }, secrets: { KEY: "precious-value" }, create: true });
    assert.deepEqual([set.isError, set.value.changed], [false, ["COLOUR", "KEY"]]);
    const status = await call(client, "status", { app });
    assert.partialDeepStrictEqual(status.value, { app, state: "new", env: ["COLOUR"], secrets: ["KEY"] });
    const { contents } = await client.readResource({ uri: `slip://apps/${app}/config` });
    const config = contents[0] && "text" in contents[0] ? contents[0].text : "";
    assert.partialDeepStrictEqual(JSON.parse(config), { env: { COLOUR: "blue" }, secrets: [{ name: "KEY", version: 1 }] });
    const journal = await call(client, "journal", { app });
    assert.doesNotMatch(set.text + status.text + config + journal.text, /precious-value/);
    const { resources } = await client.listResources();
    assert.ok(resources.some(({ uri }) => uri === `slip://apps/${app}/logs`));
    assert.ok((await client.listPrompts()).prompts.some(({ name }) => name === "mend_deployment"));
  });

  test(`${revision}: an error is a result that says what to do`, async () => {
    const client = await connect(revision, { token: await storeToken(["read"]) });
    const wrong = await call(client, "status", { app: "No Name" });
    assert.deepEqual([wrong.isError, wrong.value.code], [true, "invalid_input"]);
    const missing = await call(client, "status", { app: "nothing" });
    assert.deepEqual([missing.isError, missing.value.code, Array.isArray(missing.value.next)], [true, "not_found", true]);
    const forbidden = await call(client, "scale", { app: await newApp(), instances: 2 });
    assert.deepEqual([forbidden.isError, forbidden.value.code], [true, "forbidden"]);
    await assert.rejects(client.readResource({ uri: "slip://apps/nothing/config" }), /no app/i);
  });

  test(`${revision}: a field that a tool does not have is refused, and an error names the tools to go on with`, async () => {
    const client = await connect(revision);
    const app = await newApp();
    const passedOver = await call(client, "deploy", { app, files: { "index.html": "x" }, env: { COLOUR: "blue" } });
    assert.partialDeepStrictEqual(passedOver, { isError: true, value: { code: "invalid_input", message: "deploy takes no env." } });
    assert.match(String(passedOver.value.next), /^It takes app, git, files,/);
    const planned = await call(client, "plan", { tool: "scale", input: { app, instances: 2, lines: 5 } });
    assert.partialDeepStrictEqual(planned, { isError: true, value: { message: "scale takes no lines." } });
    const missing = await call(client, "status", { app: "nothing" });
    assert.deepEqual(missing.value.next, ["List the apps with 'slip apps' (tool: status); 'slip apps create nothing' (tool: deploy) makes it."]);
  });

  test(`${revision}: nothing is destroyed before the user has seen what would be gone, and agreed`, async () => {
    const app = await newApp();
    await plane.client.call("domains.add", { app, domain: `${app}.example.org` });
    await plane.client.call("secrets.set", { app, values: { KEY: "v" } });
    let asked = "";
    const refusing = await connect(revision, {
      answer: (message) => {
        asked = message;
        return { action: "decline" };
      },
    });
    // Whatever an agent says for itself does not stand for its user's word.
    const declined = await call(refusing, "destroy", { app, confirm: app });
    assert.deepEqual([declined.isError, declined.value.code], [true, "unconfirmed"]);
    for (const part of [app, "0 releases", `${app}.example.org`, "1 secret", "https://"]) assert.ok(asked.includes(part), `${part}: ${asked}`);
    const mute = await connect(revision);
    const unasked = await call(mute, "domains", { app, remove: `${app}.example.org` });
    assert.deepEqual([unasked.isError, unasked.value.code], [true, "unconfirmed"]);
    const named = await call(mute, "domains", { app, remove: `${app}.example.org`, confirm: `${app}.example.org` });
    assert.deepEqual([named.isError, hostsIn(named)], [false, [`${app}.slip.localhost`]]);
    await plane.client.call("domains.add", { app, domain: `${app}.example.org` });
    const agreeing = await connect(revision, { answer: () => ({ action: "accept", content: { confirm: true } }) });
    assert.deepEqual(hostsIn(await call(agreeing, "domains", { app, remove: `${app}.example.org` })), [`${app}.slip.localhost`]);
    await plane.client.call("apps.get", { app });
    const made = (await plane.client.call("journal.list", { app: await newApp() })).entries[0];
    assert.deepEqual([(await call(mute, "undo", { entry: made?.id })).value.code], ["unconfirmed"], "undoing that an app was made destroys it");
    const undone = await call(mute, "undo", { entry: made?.id, confirm: made?.app });
    assert.partialDeepStrictEqual(undone, { isError: false, value: { undone: made?.id, operation: "apps.destroy" } });
    assert.partialDeepStrictEqual(await call(mute, "undo", { entry: undone.value.entry }), { isError: false, value: { operation: "apps.restore" } });
    assert.equal((await plane.client.call("apps.get", { app: made?.app ?? "" })).state, "new");
  });

  test(`${revision}: a deployment that takes long is answered in time; a call that is cancelled cancels it`, async () => {
    const client = await connect(revision);
    const content = Buffer.from(`<p>${randomUUID()}</p>`);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const manifest = { entries: [{ type: "file" as const, path: "index.html", sha256, size: content.length, executable: false }] };
    await plane.client.call("sources.check", manifest);
    await plane.client.call("sources.upload", { sha256 }, { bytes: content });
    const app = `slow-${revision}`;
    const first = await call(client, "deploy", { app, tree: sourceDigest(manifest), waitSeconds: 0 });
    assert.partialDeepStrictEqual(first.value, { app, next: "Call wait with this deployment." });
    const cancelled = await call(client, "cancel", { deployment: first.value.deployment });
    assert.equal(cancelled.value.state, "cancelled");
    const controller = new AbortController();
    const progress: string[] = [];
    const options = {
      signal: controller.signal,
      onprogress: ({ message }: { message?: string | undefined }) => {
        progress.push(message ?? "");
        controller.abort();
      },
    };
    await assert.rejects(client.callTool({ name: "deploy", arguments: { app, tree: sourceDigest(manifest) } }, options));
    assert.ok(progress.length > 0);
    const { deployments } = await plane.client.call("deployments.list", { app, limit: 1 });
    for await (const { state } of plane.client.lines("deployments.watch", { deployment: deployments[0]?.deployment ?? "" }))
      if (state !== "waiting" && state !== "running") assert.equal(state, "cancelled");
  });
}

test("what was planned is done, or nothing when the world has moved", async () => {
  const client = await connect("2026-07-28");
  const app = await newApp();
  const planned = await call(client, "plan", { tool: "set_config", input: { app, env: { COLOUR: "blue" } } });
  assert.deepEqual([planned.isError, planned.value.operation, planned.value.allowed], [false, "env.set", true]);
  assert.match(String(planned.value.changes), /COLOUR/);
  assert.deepEqual((await call(client, "status", { app })).value.env, []);
  const applied = await call(client, "apply", { plan: planned.value.plan });
  assert.equal(applied.isError, false, applied.text);
  assert.deepEqual((await call(client, "status", { app })).value.env, ["COLOUR"]);
  assert.partialDeepStrictEqual(await call(client, "apply", { plan: planned.value.plan }), { isError: true, value: { code: "plan_applied" } });
  const stale = await call(client, "plan", { tool: "set_config", input: { app, env: { COLOUR: "red" } } });
  await plane.client.call("env.set", { app, values: { COLOUR: "green" } });
  assert.partialDeepStrictEqual(await call(client, "apply", { plan: stale.value.plan }), { isError: true, value: { code: "plan_stale" } });
  assert.partialDeepStrictEqual(await call(client, "plan", { tool: "scale", input: { app } }), { isError: true, value: { code: "invalid_input" } });
});

test("a plan that destroys asks as destroying does", async () => {
  const mute = await connect("2026-07-28");
  const app = await newApp();
  const planned = await call(mute, "plan", { tool: "destroy", input: { app } });
  const refused = await call(mute, "apply", { plan: planned.value.plan });
  assert.deepEqual([refused.value.code, refused.text.includes(`Destroy the app ${app}`)], ["unconfirmed", true]);
  await plane.client.call("apps.get", { app });
});

test("an undoing is planned as what it does, and asks where that destroys", async () => {
  const client = await connect("2026-07-28");
  const app = await newApp();
  const [created] = (await plane.client.call("journal.list", { app })).entries;
  const gone = await call(client, "plan", { tool: "undo", input: { entry: created?.id } });
  assert.partialDeepStrictEqual(await call(client, "apply", { plan: gone.value.plan }), { isError: true, value: { code: "unconfirmed" } });
  await plane.client.call("env.set", { app, values: { COLOUR: "blue" } });
  const [entry] = (await plane.client.call("journal.list", { app })).entries;
  const planned = await call(client, "plan", { tool: "undo", input: { entry: entry?.id } });
  assert.deepEqual(
    [planned.value.operation, planned.value.changes],
    ["journal.undo", ["env COLOUR: blue → gone", "takes effect: new, with the next deployment"]],
  );
  const applied = await call(client, "apply", { plan: planned.value.plan });
  assert.deepEqual([applied.isError, (await call(client, "status", { app })).value.env], [false, []], applied.text);
  const command = await call(client, "plan", { tool: "run_command", input: { app, command: "true" } });
  assert.partialDeepStrictEqual(command, { isError: true, value: { code: "conflict" } }, "it has no live release");
});

test("what is beyond a grant waits for a person, and goes on when they have approved it", async () => {
  const app = await newApp();
  const token = `slip_${randomUUID()}`;
  const sha256 = createHash("sha256").update(token).digest("hex");
  await plane.client.call("tokens.create", { name: "agent", sha256, grant: { verbs: ["read"] } });
  const client = await connect("2026-07-28", { token });
  const input = { app, env: { COLOUR: "blue" } };
  const needed = await call(client, "set_config", input);
  assert.deepEqual([needed.isError, needed.value.code], [true, "approval_needed"], needed.text);
  const { approval } = needed.value.approval as { approval: string };
  assert.partialDeepStrictEqual(await call(client, "approvals"), { value: { approvals: [{ approval, state: "pending", operation: "env.set" }] } });
  const progress: string[] = [];
  const approving = (): void => {
    if (progress.push("told") === 1) void plane.client.call("approvals.approve", { approval });
  };
  const done = await call(client, "set_config", input, { onprogress: approving });
  assert.equal(done.isError, false, done.text);
  assert.partialDeepStrictEqual(await call(client, "approvals", { approval }), { value: { approvals: [{ approval, state: "done" }] } });
});

test("what needs one approval after another waits for each, and is done once", async () => {
  const token = `slip_${randomUUID()}`;
  const sha256 = createHash("sha256").update(token).digest("hex");
  await plane.client.call("tokens.create", { name: "small", sha256, grant: { verbs: ["read"], limits: { memoryBytes: 2 ** 20 } } });
  const client = await connect("2026-07-28", { token });
  const given = new Set<string>();
  const approving = ({ message = "" }: { message?: string | undefined }): void => {
    const [approval = ""] = /apv_[0-9a-z]+/.exec(message) ?? [];
    if (approval === "" || given.has(approval)) return;
    given.add(approval);
    void plane.client.call("approvals.approve", { approval });
  };
  const done = await call(client, "deploy_snippet", { code: "<h1>here</h1>", waitSeconds: 1 }, { onprogress: approving });
  assert.equal(given.size, 2, done.text);
  const { app } = done.value as { app: string };
  assert.equal((await plane.client.call("deployments.list", { app })).deployments.length, 1);
});

const post = ({ host = "localhost", ...headers }: Record<string, string>, body: unknown) =>
  fetchOver(`http://${host}/mcp`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    body: JSON.stringify(body),
    dispatcher: agent,
  });
const initialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } },
};

test("the door is closed to strangers, and to pages that had a name point here", async () => {
  const authorization = `Bearer ${ownerToken()}`;
  const stranger = await post({}, initialize);
  assert.deepEqual([stranger.status, stranger.headers.get("www-authenticate")?.startsWith("Bearer")], [401, true]);
  for (const headers of [{ host: "evil.example.org" }, { origin: "https://evil.example.org" }, { origin: "https://app.slip.localhost" }, { origin: "null" }])
    assert.equal((await post({ authorization, ...headers }, initialize)).status, 403, JSON.stringify(headers));
  assert.equal((await post({ authorization, host: "slip.localhost:8443", origin: "https://slip.localhost:8443" }, initialize)).status, 200);
  assert.equal((await post({ authorization, "content-type": "text/plain" }, initialize)).status, 415);
});

test("a session is its token's alone, and ends", async () => {
  const authorization = `Bearer ${ownerToken()}`;
  const opened = await post({ authorization }, initialize);
  const session = opened.headers.get("mcp-session-id") ?? "";
  assert.match(session, /^[0-9a-f-]{36}$/);
  await opened.text();
  const ping = { jsonrpc: "2.0", id: 2, method: "ping" };
  const own = { authorization, "mcp-session-id": session, "mcp-protocol-version": "2025-11-25" };
  assert.equal((await post(own, ping)).status, 200);
  assert.equal((await post({ ...own, authorization: `Bearer ${await storeToken(["read", "deploy", "configure", "destroy"])}` }, ping)).status, 404);
  const ended = await fetchOver(url, { method: "DELETE", headers: own, dispatcher: agent });
  assert.equal(ended.status, 200);
  assert.equal((await post(own, ping)).status, 404);
});
