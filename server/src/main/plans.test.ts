// Plans, with a real control plane: what is planned is done exactly once, and only while the world is as it was planned for.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SlipError } from "@slipstream/contract/errors.ts";
import type { OperationName } from "@slipstream/contract/operations/registry.ts";
import type { Plan } from "@slipstream/contract/plan.ts";
import { sourceDigest } from "@slipstream/contract/source.ts";
import { newId } from "#platform/ids.ts";
import { insertPerson, setMember } from "../control/access/people-store.ts";
import { addConnection } from "../control/oauth/connection-store.ts";
import { trimPlans } from "../control/plans/plan-store.ts";
import { planners } from "../control/plans/planners.ts";
import { wantWorkload } from "../control/workloads/workload-store.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";
import { askerSamples, type Sample } from "./testing/plan-samples.ts";
import { loseAnswers, refused, until } from "./testing/plan-trial.ts";

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const git = { kind: "git" as const, url: "https://git.invalid/a/b.git" };
let count = 0;
const newApp = async (): Promise<string> => {
  count += 1;
  return (await plane.client.call("apps.create", { app: `planned-${count}` })).app;
};

/** An app with two releases, the second of which is live, as rows alone: no host runs them. */
const liveApp = async (): Promise<string> => {
  const app = await newApp();
  const [one, two] = [newId("dep"), newId("dep")];
  for (const [number, deployment] of [
    [1, one],
    [2, two],
  ] as const)
    await plane.database`
      with r as (
        insert into releases (id, app_id, number, artifact, config, env, secret_versions, deployment, live_at)
        select ${newId("rel")}, id, ${number}, ${`sha256:${"0".repeat(64)}`}, '{}', '{}', '{}', ${deployment}, now() from apps where name = ${app} returning *
      )
      insert into deployments (id, app_id, tenant, kind, state, request, release_id, release)
      select ${deployment}, app_id, 'local', 'deploy', 'live', '{}', id, number from r`;
  await plane.database`update apps set live_deployment = ${two}, last_release = 2 where name = ${app}`;
  return app;
};

/** The same, with a workload that a command could run beside. */
const runnableApp = async (): Promise<string> => {
  const app = await liveApp();
  const [live] = await plane.database<{ id: string; appId: string; releaseId: string }[]>`
    update deployments d set workload = d.id from apps a where a.name = ${app} and d.id = a.live_deployment returning d.id, d.app_id, d.release_id`;
  await wantWorkload(plane.database, { ...(live ?? assert.fail()), instances: 1 });
  return app;
};

const newHash = (): string => createHash("sha256").update(randomUUID()).digest("hex");
const newWebhook = async (): Promise<{ webhook: string }> => {
  const { webhook } = await plane.client.call("webhooks.create", { url: `https://hooks.example.org/${randomUUID()}` });
  return { webhook };
};
const newMember = async (): Promise<string> => {
  const { id: person } = await insertPerson(plane.database, { name: `member-${randomUUID().slice(0, 8)}` });
  await setMember(plane.database, { tenant: "local", person, role: "developer" });
  return person;
};

const plan = (operation: OperationName, input: Record<string, unknown>): Promise<Plan> => plane.client.call("plans.create", { operation, input });
const apply = (id: string, idempotencyKey: string = randomUUID()) => plane.client.call("plans.apply", { plan: id }, { idempotencyKey });
const envOf = async (app: string): Promise<Record<string, string>> =>
  Object.fromEntries((await plane.client.call("env.list", { app })).env.map(({ name, value }) => [name, value]));
const entriesOf = async (app: string, operation: string) =>
  (await plane.client.call("journal.list", { app })).entries.filter((entry) => entry.operation === operation);

/** But for how far deployments have come that were begun before. */
const world = async (): Promise<unknown> =>
  Promise.all([
    plane.database`select id, cancel_requested_at from deployments order by 1`,
    plane.database`select id from tasks order by 1`,
    plane.database`select id, revoked_at from tokens order by 1`,
    // Without what comes of deliveries, which go on by themselves.
    plane.database`select to_jsonb(w) - 'failing_since' - 'paused' as hook, paused = 'asked' as is_paused from webhooks w order by id`,
    ...[
      ...["apps", "domains", "env_variables", "secrets", "secret_versions", "journal", "webhook_secrets", "grants", "connections"],
      ...["projects", "environments", "members", "invitations", "providers"],
    ].map((table) => plane.database.unsafe(`select * from "${table}" order by 1`)),
  ]);

/** Every operation that can be planned, with an input for an app of its own. */
const samples: { [N in OperationName]?: () => Promise<Record<string, unknown>> } = {
  "apps.create": async () => ({ app: "planned-new" }),
  "apps.scale": async () => ({ app: await liveApp(), instances: 3 }),
  "apps.restart": async () => ({ app: await liveApp() }),
  "apps.destroy": async () => ({ app: await newApp() }),
  "apps.restore": async () => {
    const app = await newApp();
    await plane.client.call("apps.destroy", { app });
    return { app };
  },
  "deployments.create": async () => ({ app: await liveApp(), source: git }),
  "deployments.cancel": async () => {
    const { deployment } = await plane.client.call("deployments.create", { app: await newApp(), source: git });
    return { deployment };
  },
  "releases.rollback": async () => ({ app: await liveApp() }),
  "env.set": async () => ({ app: await liveApp(), values: { A: "1" } }),
  "env.remove": async () => {
    const app = await newApp();
    await plane.client.call("env.set", { app, values: { A: "1", B: "2" } });
    return { app, names: ["A"] };
  },
  "secrets.set": async () => ({ app: await liveApp(), values: { KEY: "precious" } }),
  "secrets.restore": async () => {
    const app = await newApp();
    for (const KEY of ["first", "second"]) await plane.client.call("secrets.set", { app, values: { KEY } });
    return { app, versions: { KEY: 1 } };
  },
  "secrets.remove": async () => {
    const app = await newApp();
    await plane.client.call("secrets.set", { app, values: { KEY: "precious" } });
    return { app, names: ["KEY"] };
  },
  "domains.add": async () => ({ app: await liveApp(), domain: `x${count}.example.org` }),
  "domains.remove": async () => {
    const app = await newApp();
    await plane.client.call("domains.add", { app, domain: `y${count}.example.org` });
    return { app, domain: `y${count}.example.org` };
  },
  "keys.rotate": async () => ({}),
  "apps.run": async () => ({ app: await runnableApp(), command: ["true"] }),
  "journal.undo": async () => {
    const app = await newApp();
    for (const A of ["1", "2"]) await plane.client.call("env.set", { app, values: { A } });
    return { entry: (await entriesOf(app, "env.set"))[0]?.id };
  },
  "webhooks.create": async () => ({ url: `https://hooks.example.org/${randomUUID()}` }),
  "webhooks.update": async () => ({ ...(await newWebhook()), paused: true, topics: ["app.created"] }),
  "webhooks.remove": async () => newWebhook(),
  "webhooks.rotate": async () => newWebhook(),
  "tokens.create": async () => ({ name: "planned", grant: { verbs: ["read"] } }),
  "tokens.revoke": async () => {
    const { token } = await plane.client.call("tokens.create", { name: `ends-${randomUUID().slice(0, 8)}`, sha256: newHash(), grant: { verbs: ["read"] } });
    return { token };
  },
  "members.invite": async () => ({ role: "viewer", email: "eve@example.org" }),
  "members.update": async () => ({ person: await newMember(), role: "viewer" }),
  "members.remove": async () => ({ person: await newMember() }),
  "invitations.revoke": async () => ({ invitation: (await plane.client.call("members.invite", { role: "viewer", sha256: newHash() })).invitation }),
  "projects.create": async () => ({ project: "planned" }),
  "providers.add": async () => ({ name: "planned", issuer: "https://id.example.org", clientId: "c", clientSecret: "precious" }),
  "providers.remove": async () => {
    await plane.client.call("providers.add", { name: "gone", issuer: "https://gone.example.org", clientId: "c", clientSecret: "precious" });
    return { name: "gone" };
  },
  "connections.revoke": async () => {
    const person = await newMember();
    const of = { tenant: "local", person, clientId: "c", clientName: "Claude", terms: { verbs: ["read" as const] } };
    return { connection: await addConnection(plane.database, { ...of, expiresAt: new Date(Date.now() + 3_600_000) }) };
  },
};
/** What an audit finds is of a host, which is not here: test/faults/audit.test.ts applies its plan. */
const withHost = "platform.audit";

/** Those that wait for a host that is not there; what counts is that they have begun. */
const waiting = ["apps.scale", "apps.destroy", "apps.run"];

test("every operation that can be planned is planned without a change, and becomes applied in the transaction of its change", async () => {
  const owners = Object.entries(samples).map(([name, input]) => [name, { input }] as const);
  const all: (readonly [string, Sample])[] = [...owners, ...Object.entries(askerSamples)];
  assert.deepEqual(new Set([...all.map(([name]) => name), withHost]), new Set(Object.keys(planners)), "each planned operation has a sample here");
  for (const [name, sample] of all) {
    const [input, by] = [await sample.input(plane), (await sample.by?.(plane)) ?? plane.client];
    const earlier = await world();
    const made = await by.call("plans.create", { operation: name, input });
    assert.deepEqual(await world(), earlier, `planning ${name} changed something`);
    assert.equal(made.state, "open");
    const gone = new AbortController();
    const given = made.asks === undefined ? {} : { sha256: newHash() };
    const applying = by
      .call("plans.apply", { plan: made.plan, ...given }, { idempotencyKey: randomUUID(), signal: gone.signal })
      .catch((error: unknown) => error);
    await until(`${name} is applied`, async () => (await plane.database`select 1 from plans where id = ${made.plan} and applied_run is not null`).length > 0);
    if (!waiting.includes(name)) assert.ok(!((await applying) instanceof Error), `${name}: ${await applying}`);
    gone.abort();
    const operation = name === "journal.undo" ? "env.set" : name;
    const [entry] = await plane.database<{ inverse: object | null }[]>`select inverse from journal where operation = ${operation} order by id desc limit 1`;
    assert.equal(entry?.inverse === null, made.inverse === undefined, name);
    // The id of what is made is not known before.
    if (entry?.inverse && made.inverse) assert.partialDeepStrictEqual(entry.inverse, made.inverse, `${name} is undone as its plan said`);
  }
});

const moves: [string, (app: string) => Promise<unknown>, RegExp][] = [
  ["a variable", (app) => plane.client.call("env.set", { app, values: { A: "2" }, stage: true }), /env A is another/],
  ["a secret", (app) => plane.client.call("secrets.set", { app, values: { S: "x" }, stage: true }), /secret S is there now/],
  ["a host name", (app) => plane.client.call("domains.add", { app, domain: `moved${count}.example.org` }), /domain moved\d+\.example\.org is there now/],
  ["an open deployment", (app) => plane.client.call("deployments.create", { app, source: git }), /open deployment dep_\w+ is there now/],
  ["the number of instances", (app) => plane.database`update apps set instances = 7 where name = ${app}`, /number of instances: not set → 7/],
  ["the live deployment", (app) => plane.database`update apps set live_deployment = 'dep_x' where name = ${app}`, /live deployment: dep_\w+ → dep_x/],
  ["the last release", (app) => plane.database`update apps set last_release = 9 where name = ${app}`, /last release: 2 → 9/],
  ["the app itself", (app) => plane.database`update apps set name = ${`${app}-gone`} where name = ${app}`, /app planned-\d+ is gone/],
];
for (const [what, move, message] of moves)
  test(`a plan is stale once ${what} has changed, and changes nothing`, async () => {
    const app = await liveApp();
    await plane.client.call("env.set", { app, values: { A: "1" }, stage: true });
    const made = await plan("env.set", { app, values: { PLANNED: "1" }, stage: true });
    await move(app);
    await assert.rejects(apply(made.plan), refused("plan_stale", message));
    assert.equal((await plane.database`select 1 from env_variables where name = 'PLANNED'`).length, 0);
    assert.equal((await plane.client.call("plans.get", { plan: made.plan })).state, "open");
  });

test("a plan for an app that is new is stale once the name is taken", async () => {
  const made = await plan("apps.create", { app: "planned-later" });
  await plane.client.call("apps.create", { app: "planned-later" });
  await assert.rejects(apply(made.plan), refused("plan_stale", /app planned-later is there now/));
});

test("what changes while a plan is being applied is seen: the state is asked for in the transaction of the change", async () => {
  const app = await newApp();
  const made = await plan("env.set", { app, values: { B: "1" } });
  let applying: Promise<unknown> = Promise.resolve();
  await plane.database.begin(async (query) => {
    await query`select id from apps where name = ${app} for update`;
    await query`insert into env_variables (app_id, name, value) select id, 'A', '1' from apps where name = ${app}`;
    applying = assert.rejects(apply(made.plan), refused("plan_stale", /env A is there now/));
    // It has found nothing moved so far, and waits for the app.
    await until("it waits for the lock", async () => (await query`select 1 from pg_locks where not granted`).length > 0);
  });
  await applying;
  assert.deepEqual(await envOf(app), { A: "1" });
});

test("a plan is applied once: the same key gives the same answer, another is refused", async () => {
  const app = await newApp();
  const made = await plan("env.set", { app, values: { A: "1" } });
  const keys = Array.from({ length: 4 }, () => randomUUID());
  const results = await Promise.allSettled(keys.map((key) => apply(made.plan, key)));
  const winner = results.findIndex(({ status }) => status === "fulfilled");
  for (const [index, result] of results.entries()) if (index !== winner) assert.ok(result.status === "rejected" && refused("plan_applied")(result.reason));
  const first = results[winner];
  assert.deepEqual(await apply(made.plan, keys[winner]), first?.status === "fulfilled" && first.value);
  await assert.rejects(apply(made.plan), refused("plan_applied"));
  await plane.client.call("env.set", { app, values: { A: "2" } });
  // Also where the gate has forgotten the key.
  await plane.database`delete from idempotency_keys where key = ${keys[winner] ?? ""}`;
  assert.deepEqual((await apply(made.plan, keys[winner])).output, { app, names: ["A"] });
  assert.deepEqual(await envOf(app), { A: "2" });
  const { state, appliedAt } = await plane.client.call("plans.get", { plan: made.plan });
  assert.ok(state === "applied" && appliedAt !== undefined);
});

test("a plan that has expired changes nothing", async () => {
  const app = await newApp();
  const made = await plan("env.set", { app, values: { A: "1" } });
  await plane.database`update plans set expires_at = now() - interval '1 s' where id = ${made.plan}`;
  await assert.rejects(apply(made.plan), refused("plan_expired"));
  await trimPlans(plane.database);
  await assert.rejects(apply(made.plan), refused("plan_expired"));
  await plane.database`update plans set expires_at = now() - interval '2 d' where id = ${made.plan}`;
  await trimPlans(plane.database);
  await assert.rejects(apply(made.plan), refused("not_found"));
  assert.deepEqual(await envOf(app), {});
});

const holds = async (value: string): Promise<string[]> => {
  const found: string[] = [];
  for (const { name } of await plane.database<{ name: string }[]>`select table_name as name from information_schema.tables where table_schema = 'public'`) {
    const text = JSON.stringify(await plane.database.unsafe(`select t::text as row from "${name}" t`));
    if (text.includes(value) || text.includes(Buffer.from(value).toString("hex"))) found.push(name);
  }
  return found;
};

test("a planned secret is sealed, also with the next key, and kept no longer than the plan needs it", async () => {
  const app = await newApp();
  const value = `hunter2-${randomUUID()}`;
  const made = await plan("secrets.set", { app, values: { KEY: value } });
  const dropped = await plan("secrets.set", { app, values: { OTHER: value } });
  assert.doesNotMatch(JSON.stringify(await plane.client.call("plans.list", { app })), new RegExp(value));
  await plane.client.call("keys.rotate", {});
  assert.deepEqual(await holds(value), []);
  await apply(made.plan);
  assert.deepEqual(await holds(value), []);
  assert.deepEqual(
    (await plane.client.call("secrets.list", { app })).secrets.map(({ name }) => name),
    ["KEY"],
  );
  await plane.database`update plans set expires_at = now() - interval '1 s' where id = ${dropped.plan}`;
  await trimPlans(plane.database);
  assert.equal((await plane.database`select 1 from plans where app = ${app} and sealed is not null`).length, 0);
});

test("who may not do an operation may not plan or apply it", async () => {
  const app = await newApp();
  const made = await plan("env.set", { app, values: { A: "1" } });
  const token = `slip_${randomUUID()}`;
  await plane.database`
    insert into tokens (id, tenant, actor, sha256, verbs)
    values (${newId("tok")}, 'local', 'reader', ${createHash("sha256").update(token).digest()}, ${["read"]})`;
  await sleep(300);
  const reader = plane.clientWith(token);
  assert.equal((await reader.call("plans.get", { plan: made.plan })).plan, made.plan);
  await assert.rejects(reader.call("plans.create", { operation: "env.set", input: { app, values: { A: "1" } } }), refused("forbidden"));
  await assert.rejects(reader.call("plans.apply", { plan: made.plan }), refused("forbidden"));
  assert.deepEqual(await envOf(app), {});
});

test("a plan beyond a grant is approved as the plan: done as it was shown, and not once something has moved", async () => {
  const app = await newApp();
  const token = `slip_${randomUUID()}`;
  await plane.client.call("tokens.create", { name: "planner", sha256: createHash("sha256").update(token).digest("hex"), grant: { verbs: ["read"] } });
  const agent = plane.clientWith(token);
  const asks = async (value: string): Promise<Plan> => agent.call("plans.create", { operation: "env.set", input: { app, values: { A: value } } });
  const approvalOf = (id: string): Promise<string> =>
    agent.call("plans.apply", { plan: id }).then(
      () => assert.fail("It was applied."),
      (error: unknown) => {
        assert.equal((error as SlipError).code, "approval_needed");
        return (error as SlipError).details.approval?.approval ?? "";
      },
    );
  const approve = async (approval: string) => {
    await plane.client.call("approvals.approve", { approval });
    return agent.call("approvals.wait", { approval, timeoutMs: 20_000 });
  };
  const first = await asks("1");
  assert.partialDeepStrictEqual(first.policy, { allowed: false, needsApproval: true });
  const waits = await approvalOf(first.plan);
  await plane.client.call("env.set", { app, values: { B: "1" } });
  assert.partialDeepStrictEqual(await approve(waits), { state: "failed", operation: "plans.apply", failure: { code: "plan_stale" } });
  const second = await asks("2");
  assert.partialDeepStrictEqual(await approve(await approvalOf(second.plan)), {
    state: "done",
    output: { operation: "env.set", output: { app, names: ["A"] } },
  });
  assert.deepEqual((await agent.call("plans.apply", { plan: second.plan })).output, { app, names: ["A"] });
  assert.deepEqual(await envOf(app), { A: "2", B: "1" });
  assert.ok((await entriesOf(app, "env.set"))[0]?.approvedBy !== undefined);
});

test("a source is planned by its files, and the plan deploys just that", async () => {
  const app = await newApp();
  const file = { kind: "files" as const, files: [{ path: "index.html", text: "hello" }] };
  const made = await plan("deployments.create", { app, source: file });
  const sha256 = createHash("sha256").update("hello").digest("hex");
  const source = sourceDigest({ entries: [{ type: "file", path: "index.html", sha256, size: 5, executable: false }] });
  assert.deepEqual(
    made.changes.filter(({ what }) => what === "source" || what === "files"),
    [
      { what: "source", to: source },
      { what: "files", to: "1" },
    ],
  );
  const { output } = await apply(made.plan);
  assert.deepEqual([output.app, output.source], [app, source]);
  await plane.client.call("deployments.cancel", { deployment: String(output.deployment) });
});

/** Answers are not written down until this is undone, as if control were slow just there. */
test("where control dies between the change and its answer, the same key finds the answer, and the change is made once", async () => {
  const [app, other] = [await newApp(), await newApp()];
  await plane.client.call("domains.add", { app: other, domain: "crash.example.org" });
  const asked: [OperationName, Record<string, unknown>, Record<string, unknown>][] = [
    ["env.set", { app, values: { A: "1" } }, { app, names: ["A"] }],
    ["apps.create", { app: "planned-crash" }, { app: "planned-crash", state: "new" }],
    ["domains.remove", { app: other, domain: "crash.example.org" }, { domain: "crash.example.org" }],
    ["deployments.create", { app: "planned-begun", source: git }, { app: "planned-begun", kind: "deploy" }],
  ];
  const made = await Promise.all(asked.map(([operation, input]) => plan(operation, input)));
  const keys = made.map(() => randomUUID());
  await loseAnswers(plane, made, (each, index) => apply(each.plan, keys[index]));
  for (const [index, each] of made.entries()) {
    const [operation, input, answer] = asked[index] ?? assert.fail();
    await assert.rejects(apply(each.plan), refused("plan_applied"), operation);
    assert.partialDeepStrictEqual((await apply(each.plan, keys[index])).output, answer, operation);
    assert.equal((await entriesOf(String(input.app), operation)).length, 1, operation);
  }
});
