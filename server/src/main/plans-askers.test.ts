// Plans of what is about who asks: their token, their invitation, their code, and what was asked beyond a grant. With a real control plane.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { Client } from "@slipstream/contract/client.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import type { Plan } from "@slipstream/contract/plan.ts";
import { hashOf, newSecret } from "./testing/access-world.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";
import { agentOf, approvalNeeded, guestOf, newWebhook } from "./testing/plan-samples.ts";
import { loseAnswers, refused } from "./testing/plan-trial.ts";

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane();
});
after(() => plane.stop());

const call: Client["call"] = (...args) => plane.client.call(...args);
const plan = (operation: OperationName, input: object, by = plane.client): Promise<Plan> =>
  by.call("plans.create", { operation, input: input as Record<string, unknown> });
const apply = (made: Plan, { by = plane.client, key = randomUUID() as string, sha256 = made.asks && hashOf(newSecret()) } = {}) =>
  by.call("plans.apply", { plan: made.plan, ...(sha256 === undefined ? {} : { sha256 }) }, { idempotencyKey: key });
const whats = ({ changes }: Plan): string[] => changes.map(({ what }) => what);
/** Nothing was done, and nothing is said to be. */
const staysOpen = async (made: Plan): Promise<void> => assert.equal((await call("plans.get", { plan: made.plan })).state, "open");

test("a token that replaces itself by a plan sends the new one's hash when that is applied, and not before", async () => {
  const agent = await agentOf(plane);
  const made = await plan("token.rotate", { graceMs: 0 }, agent);
  assert.deepEqual(made.asks, ["sha256"]);
  assert.match(made.changes[0]?.to ?? "", /is refused at once/);
  const secret = newSecret();
  await apply(made, { by: agent, sha256: hashOf(secret) });
  await assert.rejects(agent.call("access.whoami", {}), refused("unauthorized"));
  assert.deepEqual((await plane.clientWith(secret).call("access.whoami", {})).verbs, ["read"]);
  await assert.rejects(apply(made, { by: plane.clientWith(secret) }), refused("plan_applied"));
});

test("the plan of a token's replacement is stale once it was replaced, and for every other token", async () => {
  const agent = await agentOf(plane);
  const made = await plan("token.rotate", {}, agent);
  await assert.rejects(apply(made), refused("plan_stale", /token that asks: tok_\w+ → tok_\w+/));
  await agent.call("token.rotate", { sha256: hashOf(newSecret()) });
  await assert.rejects(apply(made, { by: agent }), refused("plan_stale", /until 20/));
  await assert.rejects(plan("token.rotate", {}, agent), refused("conflict", /has an end already/));
});

test("who comes in with an invitation comes in by a plan, as what that has said", async () => {
  const guest = await guestOf(plane, "developer");
  const made = await plan("members.accept", { name: "Ada", email: "ada@example.org" }, guest);
  assert.deepEqual([whats(made), made.asks], [["member ada@example.org", "invitation", "token"], ["sha256"]]);
  assert.equal(made.changes[0]?.to, "developer of local");
  const secret = newSecret();
  await apply(made, { by: guest, sha256: hashOf(secret) });
  assert.partialDeepStrictEqual(await plane.clientWith(secret).call("access.whoami", {}), { actor: "ada@example.org", role: "developer" });
  await assert.rejects(plan("members.accept", { name: "Eve" }, guest), refused("unauthorized"));
});

test("an invitation that says another role by now is not accepted by a plan, and one that was taken back lets nobody plan", async () => {
  const [guest, gone] = [await guestOf(plane), await guestOf(plane)];
  const [made, late] = [await plan("members.accept", { name: "Eve" }, guest), await plan("members.accept", { name: "Mallory" }, gone)];
  const ids = (await plane.database<{ actor: string }[]>`select actor from plans where id in (${made.plan}, ${late.plan}) order by id`).map(
    ({ actor }) => actor,
  );
  await plane.database`update invitations set role = 'owner' where id = ${ids[0] ?? ""}`;
  await assert.rejects(apply(made, { by: guest }), refused("plan_stale", /invitation inv_\w+: viewer → owner/));
  await call("invitations.revoke", { invitation: ids[1] ?? "" });
  await assert.rejects(apply(late, { by: gone }), refused("unauthorized"));
  const names = (await call("members.list", {})).members.map(({ name }) => name);
  assert.ok(!names.includes("Eve") && !names.includes("Mallory"));
});

test("an invitation plans and applies that it is accepted, and nothing else", async () => {
  const [guest, other] = [await guestOf(plane), await guestOf(plane)];
  const { app } = await call("apps.create", { app: "closed" });
  for (const name of Object.keys(operations).filter((each) => each !== "members.accept"))
    await assert.rejects(
      guest.call("plans.create", {
        operation: name,
        input: { app, sha256: hashOf(newSecret()), name: "any", project: "any", role: "owner", grant: { verbs: [] } },
      }),
      ({ code }: { code: string }) => ["forbidden", "not_plannable", "invalid_input"].includes(code),
      name,
    );
  assert.equal((await plane.database`select 1 from plans where actor like 'inv_%' and operation <> 'members.accept'`).length, 0);
  const own = await plan("members.accept", { name: "Bob" }, guest);
  const others = [await plan("env.set", { app, values: { A: "1" } }), await plan("projects.create", { project: "closed" }), own];
  for (const made of others) await assert.rejects(apply(made, { by: other }), refused("not_found", /There is no plan/), made.operation);
  await assert.rejects(guest.call("plans.get", { plan: own.plan }), refused("forbidden"));
  await assert.rejects(guest.call("plans.list", {}), refused("forbidden"));
  const again = await plan("members.accept", { name: "Bob" }, guest);
  await assert.rejects(apply(own, { by: guest }), refused("not_found"), "its plans take the room of one");
  await apply(again, { by: guest });
});

test("with the key of somebody else's call, an invitation is not given the answer of that", async () => {
  const { app } = await call("apps.create", { app: "keyed" });
  const key = { idempotencyKey: randomUUID() };
  const input = { operation: "env.set", input: { app, values: { A: "1" } } };
  await call("plans.create", input, key);
  await assert.rejects((await guestOf(plane)).call("plans.create", input, key), refused("forbidden"));
});

test("nobody but who has the invitation plans that it is accepted", async () => {
  await assert.rejects(plan("members.accept", { name: "Eve" }), refused("forbidden"));
  const made = await plan("members.accept", { name: "Eve" }, await guestOf(plane));
  await assert.rejects(apply(made), refused("forbidden"));
});

test("a code signs in who applies its plan, if it is them who planned it; another code meanwhile makes it stale", async () => {
  const made = await plan("sessions.code", {});
  assert.deepEqual(made.asks, ["sha256"]);
  await call("sessions.code", { sha256: hashOf(newSecret()) });
  await assert.rejects(apply(made), refused("plan_stale", /code of before/));
  const next = await plan("sessions.code", {});
  assert.deepEqual(whats(next), ["code of before", "code"]);
  const guest = await guestOf(plane);
  const secret = newSecret();
  const { person } = await guest.call("members.accept", { name: "Carl", sha256: hashOf(secret) });
  await call("members.update", { person, role: "owner" });
  await assert.rejects(apply(next, { by: plane.clientWith(secret) }), refused("plan_stale", /who signs in: per_\w+ → per_\w+/));
  const sha256 = hashOf(newSecret());
  await apply(next, { sha256 });
  const [kept] = await plane.database<{ sha256: Buffer }[]>`select sha256 from sign_in_codes`;
  assert.equal(kept?.sha256.toString("hex"), sha256);
});

const asked = async (): Promise<{ approval: string; app: string; agent: Client }> => {
  const agent = await agentOf(plane);
  const { app } = await call("apps.create", { app: `asked-${randomUUID().slice(0, 8)}` });
  return { app, agent, approval: await approvalNeeded(agent.call("env.set", { app, values: { A: "1" } })) };
};
const envOf = async (app: string) => (await call("env.list", { app })).env.map(({ name, value }) => `${name}=${value}`);

test("the plan of an approval shows who asked, what it lifts, and what would be done; that is done when it is applied", async () => {
  const { approval, app, agent } = await asked();
  const made = await plan("approvals.approve", { approval });
  assert.deepEqual(whats(made).slice(0, 5), [`approval ${approval}`, "done once", "asked by", "lifted for it", "env A"]);
  assert.match(made.changes[1]?.to ?? "", new RegExp(`^env.set .*${app}`));
  assert.match(made.changes[3]?.to ?? "", /may not configure/);
  assert.deepEqual(await envOf(app), []);
  const key = randomUUID();
  assert.equal((await apply(made, { key })).output.decidedBy, "owner");
  assert.equal((await agent.call("approvals.wait", { approval, timeoutMs: 20_000 })).state, "done");
  assert.deepEqual(await envOf(app), ["A=1"]);
  await assert.rejects(apply(made), refused("plan_applied"));
  assert.equal((await apply(made, { key })).output.approval, approval);
});

test("the plan of a denial says what is not done", async () => {
  const { approval, app, agent } = await asked();
  const made = await plan("approvals.deny", { approval });
  assert.match(made.interrupts[0]?.why ?? "", /not done/);
  assert.equal((await apply(made)).output.state, "denied");
  await assert.rejects(agent.call("env.set", { app, values: { A: "1" } }), refused("approval_denied"));
});

const moves: Record<string, [(of: { approval: string; app: string }) => Promise<unknown>, RegExp]> = {
  denied: [({ approval }) => call("approvals.deny", { approval }), /approval apv_\w+: pending → denied/],
  approved: [({ approval }) => call("approvals.approve", { approval }), /approval apv_\w+: pending → (approved|done)/],
  expired: [({ approval }) => plane.database`update approvals set expires_at = now() where id = ${approval}`, /approval apv_\w+: pending → expired/],
  continued: [
    ({ approval }) => plane.database`update approvals set state = 'continued', sealed = null, key_id = null where id = ${approval}`,
    /approval apv_\w+: pending → continued/,
  ],
  "about another app by now": [({ app }) => call("env.set", { app, values: { B: "2" } }), /what it would do is another/],
  "about what is gone": [
    ({ app }) => plane.database`update apps set name = ${`${app}-gone`} where name = ${app}`,
    /what it would do: .* → nothing: There is no app/,
  ],
};
for (const [what, [move, says]] of Object.entries(moves))
  test(`a plan of an approval that is ${what} is stale`, async () => {
    const of = await asked();
    const made = await plan("approvals.approve", { approval: of.approval });
    const denial = await plan("approvals.deny", { approval: of.approval });
    await move(of);
    await assert.rejects(apply(made), refused("plan_stale", says));
    await staysOpen(made);
    if (!what.startsWith("about")) await assert.rejects(apply(denial), refused("plan_stale", says));
  });

test("the plan of an approval is shown to who decides it, and approving one that was planned shows that plan", async () => {
  const { approval, agent, app } = await asked();
  const reader = await agentOf(plane);
  const made = await plan("approvals.approve", { approval });
  await assert.rejects(reader.call("plans.get", { plan: made.plan }), refused("not_found"));
  assert.ok(!(await reader.call("plans.list", {})).plans.some((each) => each.plan === made.plan));
  await assert.rejects(plan("approvals.approve", { approval }, agent), refused("forbidden"));
  await assert.rejects(plan("approvals.approve", { approval }, reader), refused("not_found"));
  const wished = await plan("env.set", { app, values: { PLANNED: "1" } }, agent);
  const second = await approvalNeeded(agent.call("plans.apply", { plan: wished.plan }));
  const seen = await plan("approvals.approve", { approval: second });
  assert.deepEqual([seen.effect, whats(seen).includes("env PLANNED")], ["write", true]);
  await call("env.set", { app, values: { C: "3" } });
  assert.match((await plan("approvals.approve", { approval: second })).changes.at(-1)?.to ?? "", /^nothing: The plan .* env C is there now/);
});

test("a secret that waits for an approval is in none of its plans", async () => {
  const agent = await agentOf(plane);
  const { app } = await call("apps.create", { app: "holds-one" });
  const approval = await approvalNeeded(agent.call("secrets.set", { app, values: { KEY: "precious-value" } }));
  const made = await plan("approvals.approve", { approval });
  assert.ok(whats(made).includes("secret KEY"));
  const [row] = await plane.database<{ whole: string }[]>`select plans::text as whole from plans where id = ${made.plan}`;
  assert.doesNotMatch(JSON.stringify([made, row]), /precious-value/);
});

test("where control dies between the change and its answer, the same key finds what became of it", async () => {
  const agent = await agentOf(plane);
  const { approval } = await asked();
  const { webhook } = await newWebhook(plane);
  const secrets = [hashOf(newSecret()), hashOf(newSecret())];
  const by = [agent, plane.client, plane.client, plane.client];
  const made = [
    await plan("token.rotate", {}, agent),
    await plan("sessions.code", {}),
    await plan("approvals.deny", { approval }),
    await plan("webhooks.redeliver", { webhook }),
  ];
  const keys = made.map(() => randomUUID() as string);
  const given = (index: number) =>
    apply(made[index] as Plan, { by: by[index] as Client, key: keys[index] as string, ...(secrets[index] ? { sha256: secrets[index] } : {}) });
  await loseAnswers(plane, made, (_, index) => given(index));
  const outputs = await Promise.all(made.map(async (_, index) => (await given(index)).output));
  const [rotated, code, denied, sent] = outputs;
  const [ended] = await plane.database<{ expiresAt: Date }[]>`
    select old.expires_at from tokens old join tokens made using (name, actor) where made.sha256 = ${Buffer.from(secrets[0] ?? "", "hex")} and old.id <> made.id`;
  assert.equal(rotated?.endsAt, ended?.expiresAt.toISOString());
  const [kept] = await plane.database<{ expiresAt: Date }[]>`select expires_at from sign_in_codes where sha256 = ${Buffer.from(secrets[1] ?? "", "hex")}`;
  assert.equal(code?.expiresAt, kept?.expiresAt.toISOString());
  assert.deepEqual([denied?.state, sent], ["denied", { redelivered: 0 }]);
  for (const { operation } of made)
    assert.ok((await plane.database`select 1 from journal where operation = ${operation} and time > now() - interval '1 minute'`).length > 0);
});
