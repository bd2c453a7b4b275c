// One tenant's ids are nothing to another: every operation of the registry is asked for by a tenant who names what is not theirs.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@slipstream/contract/client.ts";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { type InputOf, type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import { sourceDigest } from "@slipstream/contract/source.ts";
import { newId } from "#platform/ids.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
let stranger: Client;
let deployment = "";
let webhook = "";
let delivery = "";
let plan = "";
let entry = "";
const content = Buffer.from("the owner's file");
const sha256 = createHash("sha256").update(content).digest("hex");
const manifest = { entries: [{ type: "file" as const, path: "index.html", sha256, size: content.length, executable: false }] };
const source = sourceDigest(manifest);

const addTenant = async (tenant: string): Promise<Client> => {
  const [token, project] = [`slip_${randomUUID()}`, newId("prj")];
  await plane.database`insert into tenants (tenant) values (${tenant})`;
  await plane.database`insert into projects (id, tenant, name) values (${project}, ${tenant}, 'default')`;
  await plane.database`insert into environments (id, project_id, name) values (${newId("env")}, ${project}, 'production')`;
  await plane.database`
    insert into tokens (id, tenant, actor, sha256, verbs)
    values (${newId("tok")}, ${tenant}, 'stranger', ${createHash("sha256").update(token).digest()}, ${["read", "deploy", "configure", "destroy"]})`;
  // Unknown tokens do not make control read the table again and again.
  await sleep(300);
  return plane.clientWith(token);
};

before(async () => {
  plane = await startControlPlane();
  const { client } = plane;
  await client.call("apps.create", { app: "victim" });
  await client.call("secrets.set", { app: "victim", values: { TOKEN: "precious" } });
  await client.call("env.set", { app: "victim", values: { COLOUR: "precious" } });
  await client.call("domains.add", { app: "victim", domain: "victim.example.org" });
  await client.call("sources.check", manifest);
  await client.call("sources.upload", { sha256 }, { bytes: content });
  deployment = (await client.call("deployments.create", { app: "victim", source: { kind: "tree", digest: source } })).deployment;
  webhook = (await client.call("webhooks.create", { url: "https://victim.example.org/precious" })).webhook;
  delivery = newId("dlv");
  await plane.database`
    insert into outbox (event, tenant, topic, subject, payload, is_dispatched) values ('evt_1', 'local', 'app.created', 'app_1', '{"app":"victim"}', true)`;
  await plane.database`
    insert into webhook_deliveries (id, webhook_id, event, state, next_at) values (${delivery}, ${webhook}, 'evt_1', 'failed', now())`;
  plan = (await client.call("plans.create", { operation: "apps.destroy", input: { app: "victim" } })).plan;
  entry = (await client.call("journal.list", { app: "victim" })).entries.at(-1)?.id ?? "";
  stranger = await addTenant("other");
});
after(() => plane.stop());

/** What a stranger sends, and the error that answers; or what must be true of the answer. */
type Attempt<N extends OperationName> = { input: InputOf<N>; bytes?: Buffer; answer: string | ((output: unknown) => void) };
const hasNothing = (output: unknown): void => assert.doesNotMatch(JSON.stringify(output), /victim|precious|dep_/);

const attempts = (): { [N in OperationName]: Attempt<N> } => {
  const app = "victim";
  const byApp = { input: { app }, answer: "not_found" };
  const byId = { input: { deployment }, answer: "not_found" };
  const byWebhook = { input: { webhook }, answer: "not_found" };
  return {
    "apps.list": { input: {}, answer: hasNothing },
    "apps.create": { input: { app }, answer: "conflict" },
    "apps.get": byApp,
    "apps.scale": { input: { app, instances: 2 }, answer: "not_found" },
    "apps.restart": byApp,
    "apps.run": { input: { app, command: "env" }, answer: "not_found" },
    "apps.destroy": byApp,
    "apps.restore": byApp,
    "sources.check": { input: manifest, answer: (output) => assert.deepEqual(output, { source, missing: [sha256] }) },
    "sources.upload": { input: { sha256 }, bytes: Buffer.from("another content"), answer: "invalid_input" },
    "sources.uploadMany": { input: {}, bytes: Buffer.from("no pack"), answer: "invalid_input" },
    "deployments.create": { input: { app: "thief", source: { kind: "tree", digest: source } }, answer: "invalid_input" },
    "deployments.get": byId,
    "deployments.watch": byId,
    "deployments.wait": { input: { deployment, timeoutMs: 0 }, answer: "not_found" },
    "deployments.list": byApp,
    "deployments.cancel": byId,
    "releases.list": byApp,
    "releases.rollback": byApp,
    "secrets.set": { input: { app, values: { TOKEN: "mine" } }, answer: "not_found" },
    "secrets.restore": { input: { app, versions: { TOKEN: 1 } }, answer: "not_found" },
    "secrets.list": byApp,
    "secrets.remove": { input: { app, names: ["TOKEN"] }, answer: "not_found" },
    "env.set": { input: { app, values: { COLOUR: "mine" } }, answer: "not_found" },
    "env.list": byApp,
    "env.remove": { input: { app, names: ["COLOUR"] }, answer: "not_found" },
    "domains.add": { input: { app, domain: "other.example.org" }, answer: "not_found" },
    "domains.list": byApp,
    "domains.remove": { input: { app, domain: "victim.example.org" }, answer: "not_found" },
    "keys.list": { input: {}, answer: "forbidden" },
    "keys.rotate": { input: {}, answer: "forbidden" },
    "webhooks.create": { input: { url: "https://hooks.example.org" }, answer: hasNothing },
    "webhooks.list": { input: {}, answer: hasNothing },
    "webhooks.get": byWebhook,
    "webhooks.update": { input: { webhook, paused: true }, answer: "not_found" },
    "webhooks.remove": byWebhook,
    "webhooks.rotate": byWebhook,
    "webhooks.test": byWebhook,
    "webhooks.deliveries": byWebhook,
    "webhooks.redeliver": { input: { webhook, delivery }, answer: "not_found" },
    "sessions.code": { input: { sha256 }, answer: "forbidden" },
    "providers.list": { input: {}, answer: "forbidden" },
    "providers.add": { input: { name: "elsewhere", issuer: "https://example.org", clientId: "one", clientSecret: "two" }, answer: "forbidden" },
    "providers.remove": { input: { name: "elsewhere" }, answer: "forbidden" },
    "connections.list": { input: {}, answer: (output) => assert.deepEqual(output, { connections: [] }) },
    "connections.revoke": { input: { connection: `grt_${"0".repeat(26)}` }, answer: "not_found" },
    "access.whoami": { input: {}, answer: (output) => assert.partialDeepStrictEqual(output, { tenant: "other", actor: "stranger" }) },
    "tokens.create": { input: { name: "mine", sha256, grant: { verbs: ["read"] } }, answer: "forbidden" },
    "tokens.list": { input: {}, answer: "forbidden" },
    "tokens.revoke": { input: { token: newId("tok") }, answer: "forbidden" },
    "members.list": { input: {}, answer: (output) => assert.deepEqual(output, { members: [], invitations: [] }) },
    "members.invite": { input: { role: "owner", sha256 }, answer: "forbidden" },
    "members.accept": { input: { name: "Stranger", sha256 }, answer: "forbidden" },
    "members.update": { input: { person: newId("per"), role: "viewer" }, answer: "forbidden" },
    "members.remove": { input: { person: newId("per") }, answer: "forbidden" },
    "invitations.revoke": { input: { invitation: newId("inv") }, answer: "forbidden" },
    "approvals.list": { input: {}, answer: (output) => assert.deepEqual(output, { approvals: [] }) },
    "approvals.get": { input: { approval: newId("apv") }, answer: "not_found" },
    "approvals.wait": { input: { approval: newId("apv") }, answer: "not_found" },
    "approvals.approve": { input: { approval: newId("apv") }, answer: "not_found" },
    "approvals.deny": { input: { approval: newId("apv") }, answer: "not_found" },
    "projects.list": { input: {}, answer: (output) => assert.partialDeepStrictEqual(output, { projects: [{ project: "default", apps: 0 }] }) },
    "projects.create": { input: { project: "default" }, answer: "conflict" },
    "token.rotate": { input: { sha256 }, answer: (output) => assert.match(JSON.stringify(output), /endsAt/) },
    "platform.status": {
      input: {},
      answer: (output) => assert.partialDeepStrictEqual(output, { apps: 0, deploymentsOpen: 0 }),
    },
    "platform.audit": { input: {}, answer: "forbidden" },
    "platform.trust": { input: {}, answer: hasNothing },
    "plans.create": { input: { operation: "env.set", input: { app, values: { COLOUR: "mine" } } }, answer: "not_found" },
    "plans.list": { input: {}, answer: hasNothing },
    "plans.get": { input: { plan }, answer: "not_found" },
    "plans.apply": { input: { plan }, answer: "not_found" },
    "journal.list": { input: {}, answer: hasNothing },
    "journal.get": { input: { entry }, answer: "not_found" },
    "journal.undo": { input: { entry }, answer: "not_found" },
    "logs.read": byApp,
  };
};

const ask = async <N extends OperationName>(name: N, { input, bytes }: Attempt<N>): Promise<unknown> => {
  if (operations[name].answer === "json") return stranger.call(name, input, bytes ? { bytes } : {});
  for await (const line of stranger.lines(name, input)) return line;
  return undefined;
};

const snapshot = async (): Promise<unknown> => ({
  apps: await plane.database`select id, name, tenant, instances from apps where tenant = 'local'`,
  deployments: await plane.database`select id, cancel_requested_at from deployments`,
  secrets: await plane.database`select * from secrets`,
  env: await plane.database`select * from env_variables`,
  domains: await plane.database`select * from domains`,
  tokens: await plane.database`select * from tokens where tenant = 'local'`,
  tasks: await plane.database`select * from tasks`,
  webhooks: await plane.database`select id, url, topics, paused from webhooks where tenant = 'local'`,
  deliveries: await plane.database`select id, state, attempts from webhook_deliveries where id = ${delivery}`,
  signing: await plane.database`select s.* from webhook_secrets s join webhooks w on w.id = s.webhook_id where w.tenant = 'local'`,
  plans: await plane.database`select * from plans`,
});

test("no operation gives, changes or names what belongs to another tenant", async () => {
  const before = await snapshot();
  const all = attempts();
  assert.deepEqual(new Set(Object.keys(all)), new Set(Object.keys(operations)));
  for (const name of Object.keys(operations) as OperationName[]) {
    const attempt = all[name] as Attempt<OperationName>;
    const { answer } = attempt;
    // The token is replaced last, because it ends the stranger's own.
    if (name === "token.rotate") continue;
    if (typeof answer === "string") await assert.rejects(ask(name, attempt), (error) => (error as SlipError).code === answer, `${name} → ${answer}`);
    else answer(await ask(name, attempt));
  }
  const rotated = await ask("token.rotate", all["token.rotate"]);
  assert.match(JSON.stringify(rotated), /endsAt/);
  assert.deepEqual(await snapshot(), before, "nothing of the victim's has changed");
});

test("a name or host that is taken is said to be so, and not whose it is", async () => {
  const other = await addTenant("third");
  await other.call("apps.create", { app: "third" });
  for (const [name, input] of [
    ["apps.create", { app: "victim" }],
    ["domains.add", { app: "third", domain: "victim.example.org" }],
  ] as const)
    await assert.rejects(
      other.call(name, input),
      (error) => (error as SlipError).code === "conflict" && !/local|owner/.test((error as SlipError).message),
      name,
    );
});

test("an idempotency key of another tenant answers nothing of theirs", async () => {
  const idempotencyKey = randomUUID();
  await plane.client.call("env.set", { app: "victim", values: { SHAPE: "round" } }, { idempotencyKey });
  const fourth = await addTenant("fourth");
  const again = fourth.call("env.set", { app: "victim", values: { SHAPE: "round" } }, { idempotencyKey });
  await assert.rejects(again, (error) => (error as SlipError).code === "not_found");
});
