// People, tokens with grants, budgets and approvals on a real control plane, whose control is killed on the way.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { Grant } from "@slipstream/contract/access.ts";
import type { Client } from "@slipstream/contract/client.ts";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { events } from "@slipstream/contract/events.ts";
import { newId } from "#platform/ids.ts";
import { saveCpuTimes, trimCpuTimes } from "../control/access/cpu-store.ts";
import { approvalNeeded, hashOf, newSecret, source, startPlaneWithSource } from "./testing/access-world.ts";
import type { ControlPlane } from "./testing/control-plane.ts";

let plane: ControlPlane;
before(async () => {
  plane = await startPlaneWithSource();
});
after(() => plane.stop());

const refused = (code: string) => (error: unknown) => (error as SlipError).code === code;
const tree = { kind: "tree", digest: source.digest } as const;
let count = 0;

const agentWith = async (grant: Grant): Promise<Client> => {
  const token = newSecret();
  count += 1;
  await plane.client.call("tokens.create", { name: `agent-${count}`, sha256: hashOf(token), grant });
  return plane.clientWith(token);
};
/** Somebody who has come in by an invitation. */
const memberWith = async (role: "owner" | "developer" | "viewer", name: string): Promise<{ client: Client; person: string }> => {
  const [invitation, token] = [newSecret(), newSecret()];
  await plane.client.call("members.invite", { role, sha256: hashOf(invitation), email: `${name}@example.org` });
  const { person } = await plane.clientWith(invitation).call("members.accept", { name, email: `${name}@example.org`, sha256: hashOf(token) });
  return { client: plane.clientWith(token), person };
};
/** The id of the approval that a call needs. */
const needed = async (asked: Promise<unknown>): Promise<string> => {
  const { approval, url, command } = await approvalNeeded(asked);
  assert.match(url, /:\d+\/approvals\/apv_/);
  assert.match(command, /^slip approvals approve apv_/);
  return approval;
};
const ended = (client: Client, approval: string) => client.call("approvals.wait", { approval, timeoutMs: 20_000 });
const entriesOf = async (operation: string, app: string) =>
  (await plane.client.call("journal.list", { app, limit: 500 })).entries.filter((entry) => entry.operation === operation);

test("the one with the token file is the owner, who stays it", async () => {
  const me = await plane.client.call("access.whoami", {});
  assert.partialDeepStrictEqual(me, { tenant: "local", actor: "owner", role: "owner", verbs: ["read", "deploy", "configure", "destroy", "administer"] });
  const person = me.person?.person ?? "";
  await assert.rejects(plane.client.call("members.remove", { person }), refused("conflict"));
  await assert.rejects(plane.client.call("members.update", { person, role: "viewer" }), refused("conflict"));
});

test("an invitation lets one in, once, as what it says; who goes can do nothing more", async () => {
  const invitation = newSecret();
  await plane.client.call("members.invite", { role: "developer", sha256: hashOf(invitation), email: "ada@example.org" });
  const guest = plane.clientWith(invitation);
  await assert.rejects(guest.call("apps.list", {}), refused("forbidden"));
  const token = newSecret();
  const { person } = await guest.call("members.accept", { name: "Ada", email: "ada@example.org", sha256: hashOf(token) });
  await assert.rejects(guest.call("members.accept", { name: "Eve", sha256: hashOf(newSecret()) }), refused("unauthorized"));
  const ada = plane.clientWith(token);
  assert.partialDeepStrictEqual(await ada.call("access.whoami", {}), {
    actor: "ada@example.org",
    role: "developer",
    verbs: ["read", "deploy", "configure", "destroy"],
  });
  await ada.call("apps.create", { app: "adas" });
  await assert.rejects(ada.call("members.invite", { role: "owner", sha256: hashOf(newSecret()) }), refused("forbidden"));
  await plane.client.call("members.update", { person, role: "viewer" });
  await assert.rejects(ada.call("apps.create", { app: "adas-two" }), refused("forbidden"));
  await plane.client.call("members.remove", { person });
  await assert.rejects(ada.call("apps.list", {}), refused("unauthorized"));
});

test("an invitation that was taken back, or used by two at once, lets nobody in twice", async () => {
  const [taken, raced] = [newSecret(), newSecret()];
  const { invitation } = await plane.client.call("members.invite", { role: "viewer", sha256: hashOf(taken) });
  assert.equal(
    (await plane.client.call("members.list", {})).invitations.some((it) => it.invitation === invitation),
    true,
  );
  await plane.client.call("invitations.revoke", { invitation });
  await assert.rejects(plane.clientWith(taken).call("members.accept", { name: "Eve", sha256: hashOf(newSecret()) }), refused("unauthorized"));
  await plane.client.call("members.invite", { role: "viewer", sha256: hashOf(raced) });
  const guests = await Promise.allSettled(["A", "B", "C"].map((name) => plane.clientWith(raced).call("members.accept", { name, sha256: hashOf(newSecret()) })));
  assert.equal(guests.filter(({ status }) => status === "fulfilled").length, 1);
});

test("a token does what its grant says, until it is revoked, and its value is nowhere", async () => {
  const token = newSecret();
  const grant: Grant = { verbs: ["read", "deploy"], namePrefix: "bot-" };
  const key = randomUUID();
  const ask = { name: "bot", sha256: hashOf(token), grant };
  const made = await plane.client.call("tokens.create", ask, { idempotencyKey: key });
  assert.deepEqual(await plane.client.call("tokens.create", ask), made, "asked again without its key, it is there once");
  await assert.rejects(plane.client.call("tokens.create", { ...ask, sha256: hashOf(newSecret()) }), refused("conflict"));
  const bot = plane.clientWith(token);
  await bot.call("apps.create", { app: "bot-one" });
  assert.deepEqual(
    (await bot.call("apps.list", {})).apps.map(({ app }) => app),
    ["bot-one"],
  );
  assert.ok((await bot.call("journal.list", {})).entries.every(({ app }) => app === "bot-one"));
  await assert.rejects(bot.call("apps.get", { app: "adas" }), refused("not_found"));
  assert.partialDeepStrictEqual(await bot.call("access.whoami", {}), { actor: "bot for owner", verbs: ["read", "deploy"], grant, used: { builds: 0 } });
  assert.equal((await plane.client.call("tokens.list", {})).tokens.find(({ name }) => name === "bot")?.grant?.namePrefix, "bot-");
  await plane.client.call("tokens.revoke", { token: made.token });
  await assert.rejects(bot.call("apps.list", {}), refused("unauthorized"));
});

test("what a token follows ends with it, whoever takes it away, and by itself", async () => {
  await plane.client.call("apps.create", { app: "followed" });
  const { deployment } = await plane.client.call("deployments.create", { app: "followed", source: tree });
  const { person, client: member } = await memberWith("developer", "grace");
  const [token, short] = [newSecret(), newSecret()];
  const made = await plane.client.call("tokens.create", { name: "follower", sha256: hashOf(token), grant: { verbs: ["read"] } });
  const expiresAt = new Date(Date.now() + 3_000).toISOString();
  await plane.client.call("tokens.create", { name: "short", sha256: hashOf(short), grant: { verbs: ["read"], expiresAt } });
  const follow = async (client: Client): Promise<() => Promise<unknown>> => {
    const lines = client.lines("deployments.watch", { deployment });
    await lines.next();
    return () => lines.next();
  };
  const [ofToken, ofMember, ofShort] = [await follow(plane.clientWith(token)), await follow(member), await follow(plane.clientWith(short))];
  const others = await follow(plane.client);
  await plane.client.call("tokens.revoke", { token: made.token });
  await assert.rejects(ofToken(), refused("unreachable"));
  await plane.client.call("members.remove", { person });
  await assert.rejects(ofMember(), refused("unreachable"));
  await assert.rejects(ofShort(), refused("unreachable"));
  await plane.client.call("deployments.cancel", { deployment });
  assert.partialDeepStrictEqual(await others(), { done: false, value: { state: "cancelled" } }, "all others go on");
});

test("a token that replaces itself keeps its grant, and what was used of it", async () => {
  const [first, second] = [newSecret(), newSecret()];
  await plane.client.call("tokens.create", { name: "turns", sha256: hashOf(first), grant: { verbs: ["read", "deploy"], budget: { builds: 1 } } });
  await plane.clientWith(first).call("deployments.create", { app: "turns", source: tree });
  await plane.clientWith(first).call("token.rotate", { sha256: hashOf(second), graceMs: 0 });
  await assert.rejects(plane.clientWith(first).call("apps.list", {}), refused("unauthorized"));
  await needed(plane.clientWith(second).call("deployments.create", { app: "turns", source: tree }));
  await plane.client.call("access.whoami", {});
});

test("who has a grant gives nothing on that is not within it, and makes nobody a member", async () => {
  const admin = await agentWith({ verbs: ["read", "administer"], namePrefix: "bot-" });
  await assert.rejects(admin.call("tokens.create", { name: "more", sha256: hashOf(newSecret()), grant: { verbs: ["read"] } }), refused("forbidden"));
  const whole = await agentWith({ verbs: ["read", "administer"] });
  for (const grant of [{ verbs: ["deploy"] }, { verbs: ["read", "destroy"] }] as Grant[])
    await assert.rejects(whole.call("tokens.create", { name: "more", sha256: hashOf(newSecret()), grant }), refused("forbidden"));
  await whole.call("tokens.create", { name: "less", sha256: hashOf(newSecret()), grant: { verbs: ["read"] } });
  await assert.rejects(whole.call("members.invite", { role: "owner", sha256: hashOf(newSecret()) }), refused("forbidden"));
  await assert.rejects(
    plane.client.call("tokens.create", { name: "odd", sha256: hashOf(newSecret()), grant: { verbs: [], projects: ["none"] } }),
    refused("not_found"),
  );
});

test("limits and budgets hold also for calls at the same time", async () => {
  const agent = await agentWith({ verbs: ["read", "deploy"], namePrefix: "many-", limits: { apps: 3 }, budget: { builds: 2 } });
  const made = await Promise.allSettled(Array.from({ length: 12 }, (_, index) => agent.call("apps.create", { app: `many-${index}` })));
  assert.equal(made.filter(({ status }) => status === "fulfilled").length, 3);
  const { apps } = await agent.call("apps.list", {});
  const [app] = apps.map((it) => it.app);
  assert.equal(apps.length, 3);
  const builds = await Promise.allSettled(Array.from({ length: 8 }, () => agent.call("deployments.create", { app: app ?? "", source: tree })));
  assert.equal(builds.filter(({ status }) => status === "fulfilled").length, 2);
  assert.equal((await agent.call("access.whoami", {})).used?.builds, 2);
});

test("the last build of a budget, asked for again with its key, is the same deployment", async () => {
  const agent = await agentWith({ verbs: ["read", "deploy"], budget: { builds: 1 } });
  const key = { idempotencyKey: randomUUID() };
  const first = await agent.call("deployments.create", { app: "last", source: tree }, key);
  await plane.database`delete from idempotency_keys`;
  const again = await agent.call("deployments.create", { app: "last", source: tree }, key);
  assert.equal(again.deployment, first.deployment);
  await needed(agent.call("deployments.create", { app: "last", source: tree }));
});

test("CPU time that is told twice is counted once, stays counted when its sandbox is forgotten, and is asked of a person when it is used up", async () => {
  const agent = await agentWith({ verbs: ["read", "deploy"], budget: { cpuMinutes: 1 } });
  await agent.call("apps.create", { app: "busy" });
  const me = (await plane.client.call("tokens.list", {})).tokens.find(({ name }) => name === `agent-${count}`);
  const account = me?.grantId ?? "";
  const used = async () => (await agent.call("access.whoami", {})).used?.cpuMinutes;
  const first = { sandbox: "ins_a:1", account, ms: 30_000 };
  for (const times of [[first, { sandbox: "ins_b:2", account: newId("grt"), ms: 1_000_000 }], [first], [{ ...first, ms: 20_000 }]])
    await saveCpuTimes(plane.database, times);
  assert.equal(await used(), 0.5);
  await agent.call("apps.create", { app: "busy-two" });
  await saveCpuTimes(plane.database, [
    { ...first, ms: 45_000 },
    { sandbox: "ins_a:3", account, ms: 12_000 },
  ]);
  assert.equal(await used(), 0.95);
  await plane.database`update cpu_times set seen_at = now() - interval '8 days' where sandbox = 'ins_a:1'`;
  await trimCpuTimes(plane.database);
  assert.equal(await used(), 0.95);
  await saveCpuTimes(plane.database, [{ sandbox: "ins_a:3", account, ms: 15_000 }]);
  const approval = await needed(agent.call("apps.scale", { app: "busy", instances: 2 }));
  assert.match((await plane.client.call("approvals.get", { approval })).why, /1 CPU minutes is used up/);
  assert.equal((await agent.call("apps.get", { app: "busy" })).app, "busy");
});

test("a key of another token answers nothing of its call", async () => {
  const key = { idempotencyKey: randomUUID() };
  await plane.client.call("apps.create", { app: "keyed" }, key);
  const agent = await agentWith({ verbs: ["read", "deploy"], namePrefix: "bot-" });
  await needed(agent.call("apps.create", { app: "keyed" }, key));
});

test("what a person approves is done once, for the asker, who gets the answer by asking again or by waiting", async () => {
  const agent = await agentWith({ verbs: ["read"] });
  const key = { idempotencyKey: randomUUID() };
  const approval = await needed(agent.call("apps.create", { app: "wished" }, key));
  assert.equal(await needed(agent.call("apps.create", { app: "wished" })), approval, "the same question is one approval");
  await assert.rejects(agent.call("apps.create", { app: "wished-two" }, key), refused("idempotency_mismatch"));
  const told = await plane.database<{ payload: unknown }[]>`select payload from outbox where topic = 'approval.asked' and subject = ${approval}`;
  assert.deepEqual(
    told.map(({ payload }) => events["approval.asked"].data.parse(payload).state),
    ["pending"],
  );
  await assert.rejects(agent.call("approvals.approve", { approval }), refused("forbidden"));
  assert.partialDeepStrictEqual(await agent.call("approvals.get", { approval }), {
    state: "pending",
    operation: "apps.create",
    app: "wished",
    input: { app: "wished" },
  });
  const waiting = ended(agent, approval);
  await plane.client.call("approvals.approve", { approval });
  const done = await waiting;
  assert.partialDeepStrictEqual(done, { state: "done", decidedBy: "owner" });
  assert.equal((done.output as { app: string }).app, "wished");
  assert.equal((await agent.call("apps.create", { app: "wished" }, key)).app, "wished");
  assert.equal((await agent.call("apps.create", { app: "wished" }, key)).app, "wished");
  await assert.rejects(plane.client.call("approvals.approve", { approval }), refused("conflict"));
  const [entry, ...more] = await entriesOf("apps.create", "wished");
  assert.match(entry?.actor ?? "", /^agent-\d+ for owner$/);
  assert.deepEqual([entry?.approvedBy, more.length], ["owner", 0]);
  assert.equal((await plane.client.call("approvals.get", { approval })).output, undefined, "the answer is the asker's alone");
});

test("what is denied, too late or nobody's is not done", async () => {
  const agent = await agentWith({ verbs: ["read"] });
  const denied = await needed(agent.call("apps.create", { app: "unwished" }));
  await plane.client.call("approvals.deny", { approval: denied });
  await assert.rejects(agent.call("apps.create", { app: "unwished" }), refused("approval_denied"));
  const late = await needed(agent.call("apps.create", { app: "unwished" }));
  assert.notEqual(late, denied, "a no is told once, then it can be asked again");
  await plane.database`update approvals set expires_at = now() - interval '1 second' where id = ${late}`;
  assert.equal((await agent.call("approvals.get", { approval: late })).state, "expired");
  await assert.rejects(plane.client.call("approvals.approve", { approval: late }), refused("conflict"));
  const other = await agentWith({ verbs: ["read"] });
  await assert.rejects(other.call("approvals.get", { approval: late }), refused("not_found"));
  assert.deepEqual((await other.call("approvals.list", {})).approvals, []);
  await assert.rejects(plane.client.call("apps.get", { app: "unwished" }), refused("not_found"));
});

test("a developer approves what their own tokens ask, and no more than they may do; a revoked token gets nothing", async () => {
  const { client: dev, person } = await memberWith("developer", "dev");
  const viewer = await memberWith("viewer", "viewer");
  const token = newSecret();
  const { token: id } = await plane.client.call("tokens.create", { name: "devs", sha256: hashOf(token), grant: { verbs: ["read"] } });
  const [{ grantId } = { grantId: "" }] = await plane.database<{ grantId: string }[]>`select grant_id from tokens where id = ${id}`;
  await plane.database`update tokens set person = ${person} where id = ${id}`;
  await plane.database`update grants set person = ${person} where id = ${grantId}`;
  // Control reads them anew when it makes one.
  await agentWith({ verbs: [] });
  const agent = plane.clientWith(token);
  const approval = await needed(agent.call("apps.create", { app: "devs" }));
  await assert.rejects(viewer.client.call("approvals.approve", { approval }), refused("not_found"));
  await dev.call("approvals.approve", { approval });
  assert.equal((await ended(agent, approval)).state, "done");
  const next = await needed(agent.call("apps.create", { app: "devs-two" }));
  await plane.client.call("tokens.revoke", { token: id });
  await assert.rejects(dev.call("approvals.approve", { approval: next }), refused("conflict"));
});

test("who may not do what a plan does, or what undoes an entry, cannot approve that it is applied", async () => {
  await plane.client.call("apps.create", { app: "guarded" });
  const [{ id: entry } = { id: "" }] = await entriesOf("apps.create", "guarded");
  const agent = await agentWith({ verbs: ["read", "deploy"] });
  const approver = await agentWith({ verbs: ["read", "deploy", "administer"] });
  for (const asked of [
    { operation: "apps.destroy", input: { app: "guarded" } },
    { operation: "journal.undo", input: { entry } },
  ]) {
    const { plan } = await agent.call("plans.create", asked);
    const approval = await needed(agent.call("plans.apply", { plan }));
    await assert.rejects(approver.call("approvals.approve", { approval }), refused("forbidden"), asked.operation);
    await approver.call("approvals.deny", { approval });
  }
  const { plan } = await agent.call("plans.create", { operation: "env.set", input: { app: "guarded", values: { A: "1" } } });
  const approval = await needed(agent.call("plans.apply", { plan }));
  await (await agentWith({ verbs: ["read", "configure", "administer"] })).call("approvals.approve", { approval });
  assert.equal((await ended(agent, approval)).state, "done", "who may do it approves it");
});

test("the plan of a new app is its planner's, wherever the app is to be, and no neighbour's", async () => {
  await plane.client.call("projects.create", { project: "garden" });
  const verbs = ["read", "deploy"] as const;
  const planner = await agentWith({ verbs: [...verbs], projects: ["garden"] });
  const neighbour = await agentWith({ verbs: [...verbs], projects: ["default"] });
  const { plan } = await planner.call("plans.create", { operation: "apps.create", input: { app: "rose", project: "garden" } });
  await assert.rejects(neighbour.call("plans.get", { plan }), refused("not_found"));
  await assert.rejects(neighbour.call("plans.apply", { plan }), refused("not_found"));
  assert.equal((await planner.call("plans.get", { plan })).app, "rose");
  assert.partialDeepStrictEqual(await planner.call("plans.apply", { plan }), { output: { app: "rose", project: "garden" } });
  await assert.rejects(neighbour.call("plans.get", { plan }), refused("not_found"));
});

test("the plan of a new app is not that of the next token of the same name", async () => {
  const named = async () => {
    const token = newSecret();
    const grant = { verbs: ["read" as const, "deploy" as const], projects: ["default"] };
    const made = await plane.client.call("tokens.create", { name: "namesake", sha256: hashOf(token), grant });
    return { client: plane.clientWith(token), token: made.token };
  };
  const planner = await named();
  const { plan } = await planner.client.call("plans.create", { operation: "apps.create", input: { app: "tulip" } });
  assert.equal((await planner.client.call("plans.list", {})).plans[0]?.plan, plan);
  await plane.client.call("tokens.revoke", { token: planner.token });
  const { client: namesake } = await named();
  for (const name of ["plans.get", "plans.apply"] as const) await assert.rejects(namesake.call(name, { plan }), refused("not_found"), name);
  assert.ok(!(await namesake.call("plans.list", {})).plans.some((each) => each.plan === plan));
});

test("secrets that wait for an approval are sealed, shown to nobody, and opened with another key after it was rotated", async () => {
  await plane.client.call("apps.create", { app: "sealed" });
  const agent = await agentWith({ verbs: ["read"] });
  const approval = await needed(agent.call("secrets.set", { app: "sealed", values: { API_KEY: "precious-value" } }));
  const shown = JSON.stringify([
    await agent.call("approvals.get", { approval }),
    await plane.client.call("approvals.list", {}),
    await plane.client.call("journal.list", {}),
  ]);
  assert.doesNotMatch(shown, /precious-value/);
  assert.match(shown, /API_KEY/);
  const [row] = await plane.database<{ sealed: Buffer; whole: string }[]>`select sealed, approvals::text as whole from approvals where id = ${approval}`;
  assert.ok(row && !row.sealed.includes("precious-value") && !row.whole.includes("precious-value"));
  await plane.client.call("keys.rotate", {});
  await plane.client.call("approvals.approve", { approval });
  assert.equal((await ended(agent, approval)).state, "done");
  assert.deepEqual(
    (await agent.call("secrets.list", { app: "sealed" })).secrets.map(({ name, version }) => [name, version]),
    [["API_KEY", 1]],
  );
});

/** What is kept of an approval while it is being done, to put it back there: as if control had died between the change and the note of it. */
const rewinding = async (approval: string): Promise<() => Promise<void>> => {
  const [before] = await plane.database<{ sealed: Buffer; keyId: string }[]>`select sealed, key_id from approvals where id = ${approval}`;
  return async () => {
    await plane.database`
      update approvals set state = 'approved', sealed = ${before?.sealed ?? null}, key_id = ${before?.keyId ?? null}, ended_at = null where id = ${approval}`;
  };
};

test("control dies after the yes, or after the work: it is done once, and the answer is there or is said to be lost", async () => {
  await plane.client.call("apps.create", { app: "once" });
  const agent = await agentWith({ verbs: ["read"] });
  const deploy = await needed(agent.call("deployments.create", { app: "durable", source: tree }));
  const setting = () => agent.call("secrets.set", { app: "once", values: { A: "b" } });
  const set = await needed(setting());
  const rewinds = await Promise.all([deploy, set].map(rewinding));
  await Promise.all([deploy, set].map((approval) => plane.client.call("approvals.approve", { approval })));
  await plane.kill("control");
  const [deployed, done] = await Promise.all([ended(agent, deploy), ended(agent, set)]);
  assert.deepEqual([deployed.state, done.state], ["done", "done"]);
  const { deployment } = deployed.output as { deployment: string };
  for (const rewind of rewinds) await rewind();
  await plane.kill("control");
  const [again, lost] = await Promise.all([ended(agent, deploy), ended(agent, set)]);
  assert.equal((again.output as { deployment: string }).deployment, deployment);
  assert.equal((await plane.client.call("deployments.list", { app: "durable" })).deployments.length, 1);
  assert.deepEqual([lost.state, lost.output], ["done", undefined]);
  await assert.rejects(setting(), refused("conflict"), "its answer was lost, and that is said");
  assert.deepEqual(
    (await plane.client.call("secrets.list", { app: "once" })).secrets.map(({ version }) => version),
    [1],
  );
  assert.deepEqual([(await entriesOf("deployments.create", "durable")).length, (await entriesOf("secrets.set", "once")).length], [1, 1]);
});

test("a plan of an app that a grant does not cover is not there, and applying one is decided as what it does", async () => {
  for (const app of ["plan-in", "out-plan"]) await plane.client.call("apps.create", { app });
  const agent = await agentWith({ verbs: ["read", "configure"], namePrefix: "plan-" });
  const planOf = async (client: Client, app: string) => (await client.call("plans.create", { operation: "env.set", input: { app, values: { A: "b" } } })).plan;
  const [inside, outside] = [await planOf(agent, "plan-in"), await planOf(plane.client, "out-plan")];
  await assert.rejects(planOf(agent, "out-plan"), refused("forbidden"));
  assert.equal((await agent.call("plans.get", { plan: inside })).plan, inside);
  await assert.rejects(agent.call("plans.get", { plan: outside }), refused("not_found"));
  await assert.rejects(agent.call("plans.apply", { plan: outside }), refused("not_found"));
  await agent.call("plans.apply", { plan: inside });
  const reader = await agentWith({ verbs: ["read"] });
  await needed(reader.call("plans.apply", { plan: outside }));
});

test("a project is what a grant can name, and an app stays in its own", async () => {
  await plane.client.call("projects.create", { project: "side" });
  const agent = await agentWith({ verbs: ["read", "deploy"], projects: ["side"] });
  assert.equal((await agent.call("apps.create", { app: "sided", project: "side" })).project, "side");
  await needed(agent.call("apps.create", { app: "elsewhere" }));
  assert.deepEqual(
    (await agent.call("projects.list", {})).projects.map(({ project, apps }) => [project, apps]),
    [["side", 1]],
  );
  assert.equal((await agent.call("platform.status", {})).apps, 1);
  await assert.rejects(plane.client.call("deployments.create", { app: "sided", project: "default", source: tree }), refused("conflict"));
  await assert.rejects(plane.client.call("apps.create", { app: "nowhere", project: "none" }), refused("not_found"));
});
