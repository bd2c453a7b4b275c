// Plans of what is of no app: webhooks, tokens, people, ways to sign in. With a real control plane; secrets are looked for everywhere.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@slipstream/contract/client.ts";
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { OperationName } from "@slipstream/contract/operations/registry.ts";
import type { Plan } from "@slipstream/contract/plan.ts";
import { newId } from "#platform/ids.ts";
import { insertPerson, setMember } from "../control/access/people-store.ts";
import { addConnection, endConnection } from "../control/oauth/connection-store.ts";
import { wantWorkload } from "../control/workloads/workload-store.ts";
import { addAsker } from "./testing/access-world.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";
import { loseAnswers, refused, until } from "./testing/plan-trial.ts";

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex");
const newSecret = (): string => `slip_${randomUUID()}`;
const newHash = (): string => hashOf(newSecret());
const call: Client["call"] = (...args) => plane.client.call(...args);
const plan = (operation: OperationName, input: object, by = plane.client): Promise<Plan> =>
  by.call("plans.create", { operation, input: input as Record<string, unknown> });
const apply = (made: Plan, { key = randomUUID() as string, sha256 = made.asks && newHash() } = {}) =>
  call("plans.apply", { plan: made.plan, ...(sha256 === undefined ? {} : { sha256 }) }, { idempotencyKey: key });

const newWebhook = async (): Promise<string> => (await call("webhooks.create", { url: `https://hooks.example.org/${randomUUID()}` })).webhook;
const newToken = async (name = `t-${randomUUID().slice(0, 8)}`): Promise<string> =>
  (await call("tokens.create", { name, sha256: newHash(), grant: { verbs: ["read"] } })).token;
const newMember = async (): Promise<string> => {
  const { id: person } = await insertPerson(plane.database, { name: `member-${randomUUID().slice(0, 8)}` });
  await setMember(plane.database, { tenant: "local", person, role: "developer" });
  return person;
};
const newConnection = async (): Promise<string> =>
  addConnection(plane.database, {
    ...{ tenant: "local", person: await newMember(), clientId: "c", clientName: "Claude", terms: { verbs: ["read"] } },
    expiresAt: new Date(Date.now() + 3_600_000),
  });
const addProvider = (name: string) => call("providers.add", { name, issuer: `https://${name}.example.org`, clientId: "c", clientSecret: "precious" });

/** A release and its workload as rows alone: no host runs them. */
const makeLive = async (app: string): Promise<void> => {
  const deployment = newId("dep");
  const [made] = await plane.database<{ appId: string; releaseId: string }[]>`
    with r as (
      insert into releases (id, app_id, number, artifact, config, env, secret_versions, deployment, live_at)
      select ${newId("rel")}, id, 1, ${`sha256:${"0".repeat(64)}`}, '{}', '{}', ${plane.database.json({ KEY: 1 })}, ${deployment}, now() from apps
      where name = ${app} returning *
    )
    insert into deployments (id, app_id, tenant, kind, state, request, release_id, release, workload)
    select ${deployment}, app_id, 'local', 'deploy', 'live', '{}', id, number, ${deployment} from r returning app_id, release_id`;
  await wantWorkload(plane.database, { ...(made ?? assert.fail()), id: deployment, instances: 1 });
  await plane.database`update apps set live_deployment = ${deployment}, last_release = 1 where name = ${app}`;
};

interface Move {
  operation: OperationName;
  of: () => Promise<object>;
  /** What somebody else does meanwhile. */
  move: (input: never) => Promise<unknown>;
  says: RegExp;
}
const moves: Record<string, Move> = {
  "a webhook that somebody else made": {
    operation: "webhooks.create",
    of: async () => ({ url: "https://hooks.example.org/stale" }),
    move: newWebhook,
    says: /webhook whk_\w+ is there now/,
  },
  "the topics of a webhook": {
    operation: "webhooks.update",
    of: async () => ({ webhook: await newWebhook(), paused: true }),
    move: ({ webhook }: { webhook: string }) => call("webhooks.update", { webhook, topics: ["app.created"] }),
    says: /topics: all → app\.created/,
  },
  "the state of a webhook": {
    operation: "webhooks.remove",
    of: async () => ({ webhook: await newWebhook() }),
    move: ({ webhook }: { webhook: string }) => call("webhooks.update", { webhook, paused: true }),
    says: /state: active → paused/,
  },
  "the secret of a webhook": {
    operation: "webhooks.rotate",
    of: async () => ({ webhook: await newWebhook() }),
    move: ({ webhook }: { webhook: string }) => call("webhooks.rotate", { webhook }),
    says: /signing secret: version 1 → version 2/,
  },
  "the name of a token": {
    operation: "tokens.create",
    of: async () => ({ name: "stale", grant: { verbs: ["read"] } }),
    move: () => newToken("stale"),
    says: /token stale is there now/,
  },
  "the role of a member": {
    operation: "members.update",
    of: async () => ({ person: await newMember(), role: "viewer" }),
    move: ({ person }: { person: string }) => call("members.update", { person, role: "owner" }),
    says: /member per_\w+: developer → owner/,
  },
  "a token of a member who is to leave": {
    operation: "members.remove",
    of: async () => ({ person: await newMember() }),
    move: ({ person }: { person: string }) => plane.database`
      insert into tokens (id, tenant, actor, kind, person, sha256, verbs)
      values (${`tok_${randomUUID()}`}, 'local', 'late', 'plain', ${person}, ${Buffer.from(newHash(), "hex")}, ${["read"]})`,
    says: /token tok_\S+ is there now/,
  },
  "another invitation for the same address": {
    operation: "members.invite",
    of: async () => ({ role: "viewer", email: "same@example.org" }),
    move: () => call("members.invite", { role: "owner", email: "same@example.org", sha256: newHash() }),
    says: /invitation inv_\w+ is there now/,
  },
  "the name of a project": {
    operation: "projects.create",
    of: async () => ({ project: "stale" }),
    move: () => call("projects.create", { project: "stale" }),
    says: /project stale is there now/,
  },
  "another provider": {
    operation: "providers.add",
    of: async () => ({ name: "stale", issuer: "https://stale.example.org", clientId: "c", clientSecret: "precious" }),
    move: () => addProvider("beside"),
    says: /provider beside is there now/,
  },
  "a provider's client": {
    operation: "providers.remove",
    of: async () => {
      await addProvider("moved");
      return { name: "moved" };
    },
    move: () => plane.database`update providers set client_id = 'd' where name = 'moved'`,
    says: /provider moved: .* c → .* d/,
  },
};

for (const [what, { operation, of, move, says }] of Object.entries(moves))
  test(`a plan of ${operation} is stale once ${what} has changed, and changes nothing`, async () => {
    const input = await of();
    const made = await plan(operation, input);
    await move(input as never);
    const [before] = await plane.database<{ count: number }[]>`select count(*)::int as count from journal`;
    await assert.rejects(apply(made), refused("plan_stale", says));
    assert.deepEqual((await plane.database`select count(*)::int as count from journal`)[0], before);
    assert.equal((await call("plans.get", { plan: made.plan })).state, "open");
  });

test("what changes while a plan is being applied is seen: the state is read once what it changes is locked", async () => {
  const [webhook, person] = [await newWebhook(), await newMember()];
  const made = [await plan("webhooks.update", { webhook, paused: true }), await plan("members.update", { person, role: "viewer" })];
  let applying: Promise<unknown> = Promise.resolve();
  await plane.database.begin(async (query) => {
    await query`select tenant from tenants where tenant = 'local' for update`;
    await query`update webhooks set topics = ${["app.created"]} where id = ${webhook}`;
    await query`update members set role = 'owner' where person = ${person}`;
    const says = [/topics: all → app\.created/, /member per_\w+: developer → owner/];
    applying = Promise.all(made.map((each, index) => assert.rejects(apply(each), refused("plan_stale", says[index]), each.operation)));
    await until("both wait for the lock", async () => (await query`select distinct pid from pg_locks where not granted`).length === made.length);
  });
  await applying;
  assert.equal((await call("webhooks.get", { webhook })).state, "active");
});

test("an agent ends its own connection by a plan, whatever its grant covers", async () => {
  const token = newSecret();
  const { grantId = "" } = await call("tokens.create", { name: "leaver", sha256: hashOf(token), grant: { verbs: ["read"], namePrefix: "pr-" } });
  await plane.database`
    insert into connections (grant_id, client_id, client_name, expires_at) values (${grantId}, 'c', 'Claude', now() + interval '1 h')`;
  const agent = plane.clientWith(token);
  const made = await plan("connections.revoke", { connection: grantId }, agent);
  assert.deepEqual((await agent.call("plans.apply", { plan: made.plan })).output, { connection: grantId });
  await assert.rejects(agent.call("access.whoami", {}), refused("unauthorized"));
});

test("a plan for the end of what has ended meanwhile is refused as the operation itself", async () => {
  const [token, connection] = [await newToken(), await newConnection()];
  const { invitation } = await call("members.invite", { role: "viewer", sha256: newHash() });
  const made = [await plan("tokens.revoke", { token }), await plan("connections.revoke", { connection }), await plan("invitations.revoke", { invitation })];
  await call("tokens.revoke", { token });
  await endConnection(plane.database, connection);
  await call("invitations.revoke", { invitation });
  for (const each of made) await assert.rejects(apply(each), refused("not_found"), each.operation);
});

/** The tables that hold a text in the open. */
const holders = async (value: string): Promise<string[]> => {
  const found: string[] = [];
  for (const { name } of await plane.database<{ name: string }[]>`select table_name as name from information_schema.tables where table_schema = 'public'`) {
    const text = JSON.stringify(await plane.database.unsafe(`select t::text as row from "${name}" t`));
    if (text.includes(value) || text.includes(Buffer.from(value).toString("hex"))) found.push(name);
  }
  return found;
};

test("a token is made when its plan is applied, by who applies it: the platform has its hash alone, and not before", async () => {
  const made = await plan("tokens.create", { name: "made-later", grant: { verbs: ["read"] } });
  assert.deepEqual(made.asks, ["sha256"]);
  await assert.rejects(call("plans.apply", { plan: made.plan }), refused("invalid_input", /its hash is missing/));
  const [secret, key] = [newSecret(), randomUUID()];
  const { output } = await apply(made, { key, sha256: hashOf(secret) });
  assert.equal((await plane.clientWith(secret).call("access.whoami", {})).actor, output.actor);
  assert.deepEqual((await apply(made, { key, sha256: hashOf(secret) })).output, output);
  await assert.rejects(apply(made, { key, sha256: newHash() }), refused("idempotency_mismatch"));
  await assert.rejects(apply(made), refused("plan_applied"));
  assert.deepEqual(await holders(secret), []);
  const own = await plan("tokens.create", { name: "made-before", sha256: newHash(), grant: { verbs: ["read"] } });
  assert.equal(own.asks, undefined);
  await assert.rejects(apply(own, { sha256: newHash() }), refused("invalid_input", /has its secret already/));
  assert.equal((await apply(own)).output.name, "made-before");
});

test("the signing secret of a webhook is said by the application alone: again for the same key, and kept nowhere in the open", async () => {
  for (const [operation, input] of [
    ["webhooks.create", { url: "https://hooks.example.org/secret" }],
    ["webhooks.rotate", { webhook: await newWebhook() }],
  ] as const) {
    const made = await plan(operation, input);
    assert.doesNotMatch(JSON.stringify(made), /whsec_/);
    const key = randomUUID();
    const { output } = await apply(made, { key });
    const secret = String(output.secret);
    assert.match(secret, /^whsec_/);
    assert.deepEqual((await apply(made, { key })).output, output, "where the answer was lost");
    await assert.rejects(apply(made), refused("plan_applied"));
    assert.deepEqual(await holders(secret), [], operation);
    assert.doesNotMatch(JSON.stringify(await call("plans.get", { plan: made.plan })), /whsec_/);
  }
});

test("a webhook beyond a grant is approved as its plan, and the asker alone is told its secret", async () => {
  const token = newSecret();
  await call("tokens.create", { name: "asker", sha256: hashOf(token), grant: { verbs: ["read"] } });
  const agent = plane.clientWith(token);
  const made = await plan("webhooks.create", { url: "https://hooks.example.org/approved" }, agent);
  assert.partialDeepStrictEqual(made.policy, { allowed: false, needsApproval: true });
  const needed = await agent.call("plans.apply", { plan: made.plan }).catch((error: unknown) => error as SlipError);
  const approval = (needed as SlipError).details.approval?.approval ?? assert.fail(String(needed));
  await call("approvals.approve", { approval });
  const { output } = await agent.call("approvals.wait", { approval, timeoutMs: 20_000 });
  const secret = String((output as { output: { secret: string } }).output.secret);
  assert.match(secret, /^whsec_/);
  assert.doesNotMatch(JSON.stringify(await call("approvals.get", { approval })), /whsec_/);
  assert.deepEqual(await holders(secret), []);
});

test("what plans of tokens and people show is for those who administer, and for who planned it", async () => {
  const viewer = plane.clientWith((await addAsker(plane, { name: "viewer", tenant: "local", role: "viewer" })).token);
  await sleep(300);
  const { app } = await call("apps.create", { app: "shown" });
  const [hidden, shown] = [await plan("members.invite", { role: "viewer", email: "precious@example.org" }), await plan("env.set", { app, values: { A: "1" } })];
  const listed = (await viewer.call("plans.list", {})).plans.map((each) => each.plan);
  assert.deepEqual([listed.includes(hidden.plan), listed.includes(shown.plan)], [false, true]);
  await assert.rejects(viewer.call("plans.get", { plan: hidden.plan }), refused("not_found"));
  await assert.rejects(viewer.call("plans.apply", { plan: hidden.plan, sha256: newHash() }), refused("not_found"));
  assert.ok((await call("plans.list", {})).plans.some((each) => each.plan === hidden.plan));
  for (const [operation, input] of [
    ["members.invite", { role: "viewer" }],
    ["webhooks.create", { url: "https://hooks.example.org/viewer" }],
  ] as const)
    await assert.rejects(plan(operation, input, viewer), refused("forbidden"));
});

test("an undoing is planned as what it does, needs the same rights, and destroys where that does", async () => {
  const { app } = await call("apps.create", { app: "undone" });
  for (const A of ["1", "2"]) await call("env.set", { app, values: { A } });
  const { entries } = await call("journal.list", { app });
  const made = await plan("journal.undo", { entry: entries[0]?.id });
  assert.deepEqual([made.operation, made.app, made.effect, made.changes[0]], ["journal.undo", app, "write", { what: "env A", from: "2", to: "1" }]);
  const created = await plan("journal.undo", { entry: entries[2]?.id }).catch((error: unknown) => error as SlipError);
  assert.equal((created as SlipError).code, "conflict", "a later change is in the way");
  const viewer = plane.clientWith((await addAsker(plane, { name: "undoer", tenant: "local", role: "viewer" })).token);
  await sleep(300);
  await assert.rejects(plan("journal.undo", { entry: entries[0]?.id }, viewer), refused("forbidden", /may not configure/));
  await call("env.set", { app, values: { A: "3" } });
  await assert.rejects(apply(made), refused("plan_stale", /env A is another/));
  const { app: bare } = await call("apps.create", { app: "undone-bare" });
  const [entry] = (await call("journal.list", { app: bare })).entries;
  assert.equal((await plan("journal.undo", { entry: entry?.id })).effect, "destroy");
});

test("an undoing whose operation is beyond a grant is approved as its plan", async () => {
  const { app } = await call("apps.create", { app: "undone-by-agent" });
  await call("env.set", { app, values: { A: "1" } });
  const token = newSecret();
  await call("tokens.create", { name: "undoing", sha256: hashOf(token), grant: { verbs: ["read"] } });
  const agent = plane.clientWith(token);
  const [entry] = (await call("journal.list", { app })).entries;
  const made = await plan("journal.undo", { entry: entry?.id }, agent);
  assert.partialDeepStrictEqual(made.policy, { allowed: false, needsApproval: true });
  const needed = await agent.call("plans.apply", { plan: made.plan }).catch((error: unknown) => error as SlipError);
  const approval = (needed as SlipError).details.approval?.approval ?? assert.fail(String(needed));
  await call("approvals.approve", { approval });
  const ended = await agent.call("approvals.wait", { approval, timeoutMs: 20_000 });
  assert.deepEqual([ended.state, (await call("env.list", { app })).env], ["done", []]);
});

test("a command is planned without the values of the app's secrets, and journaled once when it is applied", async () => {
  const { app } = await call("apps.create", { app: "commanded" });
  await assert.rejects(plan("apps.run", { app, command: "true" }), refused("conflict", /no live release/));
  await call("secrets.set", { app, values: { KEY: "precious-value" } });
  await makeLive(app);
  const made = await plan("apps.run", { app, command: ["use", "precious-value"], timeoutMs: 1_000 });
  assert.deepEqual(
    made.changes.map(({ what }) => what),
    ["command", "runs beside"],
  );
  assert.match(made.changes[0]?.to ?? "", /^use /);
  assert.deepEqual(await holders("precious-value"), []);
  await call("env.set", { app, values: { A: "1" }, stage: true });
  await assert.rejects(apply(made), refused("plan_stale", /env A is there now/));
  const entries = () => plane.database`select 1 from journal where operation = 'apps.run'`;
  assert.equal((await entries()).length, 0);
  const [again, key] = [await plan("apps.run", { app, command: ["use", "precious-value"] }), randomUUID()];
  const waits = async (holds: () => Promise<boolean>): Promise<void> => {
    // No host runs it: the caller goes away once it has begun.
    const gone = new AbortController();
    const asked = call("plans.apply", { plan: again.plan }, { idempotencyKey: key, signal: gone.signal }).catch((error: unknown) => error);
    await until("it has begun", holds);
    gone.abort();
    await asked;
  };
  await waits(async () => (await entries()).length === 1);
  await waits(() => sleep(1_000, true));
  assert.equal((await entries()).length, 1, "the same key joins it");
  await assert.rejects(apply(again), refused("plan_applied"));
  assert.deepEqual(await holders("precious-value"), []);
});

/** Answers are not written down until this is undone, as if control were slow just there. */
test("where control dies between the change and its answer, the same key finds the answer, and the change is made once", async () => {
  const [person, leaving] = [await newMember(), await newMember()];
  const { app } = await call("apps.create", { app: "crashed" });
  for (const A of ["1", "2"]) await call("env.set", { app, values: { A } });
  const [entry] = (await call("journal.list", { app })).entries;
  const asked: [OperationName, object, object][] = [
    ["tokens.create", { name: "crash", grant: { verbs: ["read"] } }, { name: "crash" }],
    ["members.invite", { role: "viewer", email: "crash@example.org" }, { email: "crash@example.org" }],
    ["members.update", { person, role: "viewer" }, { person, role: "viewer" }],
    ["projects.create", { project: "crash" }, { project: "crash", environments: ["production"] }],
    ["providers.add", { name: "crash", issuer: "https://crash.example.org", clientId: "c", clientSecret: "precious" }, { name: "crash" }],
    ["webhooks.update", { webhook: await newWebhook(), paused: true }, { state: "paused" }],
    ["journal.undo", { entry: entry?.id }, { undone: entry?.id, operation: "env.set", app }],
  ];
  // Each of its own: planned for a world in which the others have not happened yet.
  const made = await Promise.all(asked.map(([operation, input]) => plan(operation, input)));
  const gone = await plan("members.remove", { person: leaving });
  const keys = made.map(() => randomUUID() as string);
  /** One plan has one secret, whoever applies it. */
  const given = (each: Plan, key: string | undefined) =>
    apply(each, { ...(key === undefined ? {} : { key }), ...(each.asks ? { sha256: hashOf(each.plan) } : {}) });
  await loseAnswers(plane, made, (each, index) => given(each, keys[index]));
  for (const [index, each] of made.entries()) {
    const [operation, , answer] = asked[index] ?? assert.fail();
    const journaled = operation === "journal.undo" ? "env.set" : operation;
    const before = await plane.database`select 1 from journal where operation = ${journaled}`;
    await assert.rejects(given(each, undefined), refused("plan_applied"), operation);
    assert.partialDeepStrictEqual((await given(each, keys[index])).output, answer, operation);
    assert.equal((await plane.database`select 1 from journal where operation = ${journaled}`).length, before.length, `${operation} is done once`);
  }
  await assert.rejects(apply(gone), refused("plan_stale", /member per_\w+: developer → viewer/), "planned before another member's role was changed");
});
