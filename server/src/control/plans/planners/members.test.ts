// What plans of members and invitations say, as values.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { type Invitation, stateOfInviting } from "../../access/invitation-store.ts";
import type { Member } from "../../access/people-store.ts";
import { memberPlanners as planners } from "./members.ts";

const member = (id: string, role: Member["role"], more: Partial<Member> = {}): Member => ({
  id,
  name: id,
  email: `${id}@example.org`,
  role,
  createdAt: new Date(0),
  isLocal: false,
  ...more,
});
const [owner, ada] = [member("per_1", "owner", { isLocal: true }), member("ada", "developer")];
const all = [owner, ada];
const plan = (name: keyof typeof planners, input: object, rows: object) => planners[name].plan(input as never, rows as never);
const refused = (error: unknown): boolean => (error as SlipError).code === "conflict";

test("another role names what somebody may do no more", () => {
  const { changes, interrupts, inverse } = plan("members.update", { person: "ada", role: "viewer" }, { member: ada, all });
  assert.deepEqual(changes, [{ what: "member ada@example.org", from: "developer", to: "viewer" }]);
  assert.match(interrupts[0]?.what ?? "", /with deploy, configure, destroy$/);
  assert.deepEqual(inverse, { operation: "members.update", input: { person: "ada", role: "developer" } });
  assert.deepEqual(plan("members.update", { person: "ada", role: "owner" }, { member: ada, all }).interrupts, []);
});

test("the local owner and the last owner stay, in a plan too", () => {
  const last = member("eve", "owner");
  for (const [name, of] of [
    ["members.update", owner],
    ["members.remove", owner],
    ["members.update", last],
    ["members.remove", last],
  ] as const)
    assert.throws(() => plan(name, { person: of.id, role: "viewer" }, { member: of, all: [of, ada], belongings: { tokens: [], connections: [] } }), refused);
});

test("who leaves takes their tokens and the connections of their agents along", () => {
  const belongings = { tokens: [{ id: "tok_1", actor: "ci for ada" }], connections: [{ grantId: "grt_1", clientName: "Claude" }] };
  const { changes, inverse } = plan("members.remove", { person: "ada" }, { member: ada, all, belongings });
  assert.deepEqual(changes, [
    { what: "member ada@example.org", from: "developer" },
    { what: "token tok_1", from: "ci for ada" },
    { what: "connection grt_1", from: "Claude" },
  ]);
  assert.equal(inverse, undefined);
});

const invitation = { id: "inv_1", role: "viewer", email: "eve@example.org" } as Invitation;

test("an invitation is planned by its role and its end, and its hash is left to who applies it", () => {
  const { changes, asks } = plan("members.invite", { role: "viewer", email: "eve@example.org", validMs: 7 * 86_400_000 }, { by: "ada" });
  assert.deepEqual(changes, [
    { what: "invitation", to: "as viewer, by ada" },
    { what: "invitation for", to: "eve@example.org" },
    { what: "invitation ends", to: "7 days after it is made" },
  ]);
  assert.deepEqual(asks, ["sha256"]);
  assert.deepEqual(plan("invitations.revoke", {}, { invitation }).changes, [
    { what: "invitation", from: "as viewer" },
    { what: "invitation for", from: "eve@example.org" },
  ]);
});

test("a plan of an invitation looks at those of the same address alone", () => {
  assert.deepEqual(stateOfInviting({ actor: "ada" }, [invitation], "eve@example.org"), { inviter: "ada", "invitation inv_1": "viewer" });
  assert.deepEqual(stateOfInviting({ actor: "ada" }, [invitation], "bob@example.org"), { inviter: "ada" });
  assert.deepEqual(stateOfInviting({ actor: "ada" }, [{ ...invitation, email: null }], undefined), { inviter: "ada" });
});

test("to accept an invitation is planned with what somebody becomes, and their token is left to who applies it", () => {
  const rows = { invitation: { ...invitation, tenant: "local", invitedBy: "ada" } };
  const { changes, asks } = plan("members.accept", { name: "Eve", email: "eve@example.org" }, rows);
  assert.deepEqual(changes, [
    { what: "member eve@example.org", to: "viewer of local" },
    { what: "invitation", from: "as viewer, by ada" },
    { what: "token", to: "eve@example.org" },
  ]);
  assert.deepEqual(asks, ["sha256"]);
  const sha256 = "ab".repeat(32);
  assert.doesNotMatch(JSON.stringify(plan("members.accept", { name: "Eve", sha256 }, rows)), new RegExp(sha256));
});
