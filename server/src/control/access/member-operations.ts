import { Verb } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { ParsedInputOf } from "@slipstream/contract/operations/registry.ts";
import type { Call, Handlers } from "../api/call.ts";
import type { Control } from "../control.ts";
import { journal } from "../journal/journal-store.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";
import { type Belongings, belongingsOf } from "./belongings.ts";
import {
  acceptInvitation,
  holdInvitation,
  type Invitation,
  insertInvitation,
  lockInvitation,
  openInvitations,
  removeInvitation,
  stateOfInvitation,
  stateOfInviting,
} from "./invitation-store.ts";
import { actorOf, insertPerson, lockMembers, type Member, memberOf, membersOf, type Person, removeMember, setMember } from "./people-store.ts";
import { mayDo } from "./token.ts";
import { insertToken } from "./token-store.ts";

export const toPerson = ({ id, name, email }: Person) => ({ person: id, name, ...(email === null ? {} : { email }) });
export const toMember = ({ role, isLocal, createdAt, ...person }: Member) => ({ ...toPerson(person), role, isLocal, createdAt: createdAt.toISOString() });
export const toInvitation = ({ id, role, email, invitedBy, createdAt, expiresAt }: Invitation) => ({
  invitation: id,
  role,
  ...(email === null ? {} : { email }),
  invitedBy,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
});

/** A member has no grant, so whoever has one would let somebody in who may do more than they may. */
export const expectNoGrant = ({ token }: Call): void => {
  if (token.grant !== undefined) throw new SlipError("forbidden", "A token with a grant cannot change who is a member.", { next: "Ask with your own token." });
};

/** Throws `conflict` for the local owner, who holds the machine, and where no owner would be left. Pure. */
export const expectReplaceable = (member: Member, all: readonly Member[]): void => {
  if (member.isLocal) throw new SlipError("conflict", "This is the owner of the machine, who stays it.", { next: "Choose another member." });
  const owners = all.filter(({ role }) => role === "owner");
  if (member.role === "owner" && owners.length === 1)
    throw new SlipError("conflict", "This is the last owner.", { next: "Make somebody else an owner first, with 'slip members set-role'." });
};

/** What plans remember of the people of a tenant. Pure. */
export const stateOfMembers = (all: readonly Member[]): Fingerprint => Object.fromEntries(all.map(({ id, role }) => [`member ${id}`, role]));

/** What plans of somebody's leaving remember besides: what goes with them. Pure. */
export const stateOfLeaving = (all: readonly Member[], { tokens, connections }: Belongings): Fingerprint => ({
  ...stateOfMembers(all),
  ...Object.fromEntries(tokens.map(({ id, actor }) => [`token ${id}`, actor])),
  ...Object.fromEntries(connections.map(({ grantId, clientName }) => [`connection ${grantId}`, clientName])),
});

const update = (control: Control, call: Call, { person, role }: ParsedInputOf<"members.update">): Promise<Member> =>
  control.database.begin(async (query) => {
    const { tenant } = call;
    await lockMembers(query, tenant);
    const all = await membersOf(query, tenant);
    await call.expects?.check(query, { state: () => stateOfMembers(all) });
    const before = await memberOf(query, tenant, person);
    if (role !== "owner") expectReplaceable(before, all);
    await setMember(query, { tenant, person, role });
    const inverse = { operation: "members.update", input: { person, role: before.role } };
    await journal(query, call, { operation: "members.update", input: { person, role }, inverse });
    return memberOf(query, tenant, person);
  });

const remove = (control: Control, call: Call, person: string): Promise<void> =>
  control.database.begin(async (query) => {
    const { tenant } = call;
    await lockMembers(query, tenant);
    const all = await membersOf(query, tenant);
    await call.expects?.check(query, { state: async () => stateOfLeaving(all, await belongingsOf(query, tenant, person)) });
    const member = await memberOf(query, tenant, person);
    expectReplaceable(member, all);
    await removeMember(query, { tenant, person });
    await journal(query, call, { operation: "members.remove", input: { person, name: member.name } });
  });

/** The invitation is the bearer token of this call. */
const accept = (control: Control, call: Call, { name, email, sha256 }: ParsedInputOf<"members.accept">) =>
  control.database.begin(async (query) => {
    const invitation = await holdInvitation(query, call.token.sha256);
    await call.expects?.check(query, { state: () => stateOfInvitation(invitation) });
    const person = await insertPerson(query, { name, email: email ?? null });
    const { tenant, role } = await acceptInvitation(query, { sha256: call.token.sha256, person: person.id });
    const actor = actorOf(person);
    // Their role bounds what they may do, as it is at the time; the token itself bounds nothing.
    const token = await insertToken(query, { tenant, actor, kind: "plain", person: person.id, sha256: Buffer.from(sha256, "hex"), verbs: Verb.options });
    await journal(query, { ...call, actor }, { operation: "members.accept", input: { invitation: call.token.id, person: person.id, name, role } });
    call.journaled = true;
    return { tenant, person: person.id, role, token };
  });

type Names = "members.list" | "members.invite" | "members.accept" | "members.update" | "members.remove" | "invitations.revoke";

export const memberOperations = (control: Control): Pick<Handlers, Names> => ({
  async "members.list"(_, { tenant, token }) {
    const [members, invitations] = await Promise.all([
      membersOf(control.database, tenant),
      mayDo(token, "administer") ? openInvitations(control.database, tenant) : [],
    ]);
    return { members: members.map(toMember), invitations: invitations.map(toInvitation) };
  },

  async "members.invite"({ role, sha256, email, validMs }, call) {
    expectNoGrant(call);
    const { tenant, actor } = call;
    const of = { tenant, sha256: Buffer.from(sha256, "hex"), role, email: email ?? null, invitedBy: actor, expiresAt: new Date(Date.now() + validMs) };
    const made = await control.database.begin(async (query) => {
      await lockMembers(query, tenant);
      await call.expects?.check(query, { state: async () => stateOfInviting(call, await openInvitations(query, tenant), email) });
      const invitation = await insertInvitation(query, of);
      const { id } = invitation;
      const input = { invitation: id, role, ...(email === undefined ? {} : { email }) };
      await journal(query, call, { operation: "members.invite", input, inverse: { operation: "invitations.revoke", input: { invitation: id } } });
      return invitation;
    });
    await control.tokens.refresh();
    return toInvitation(made);
  },

  async "members.accept"(input, call) {
    const accepted = await accept(control, call, input);
    await control.tokens.refresh();
    return accepted;
  },

  async "members.update"(input, call) {
    expectNoGrant(call);
    const member = await update(control, call, input);
    await control.tokens.refresh();
    return toMember(member);
  },

  async "members.remove"({ person }, call) {
    expectNoGrant(call);
    await remove(control, call, person);
    await control.tokens.refresh();
    return { person };
  },

  async "invitations.revoke"({ invitation }, call) {
    expectNoGrant(call);
    await control.database.begin(async (query) => {
      const row = await lockInvitation(query, call.tenant, invitation);
      await call.expects?.check(query, { state: () => stateOfInvitation(row) });
      await removeInvitation(query, call.tenant, invitation);
      await journal(query, call, { operation: "invitations.revoke", input: { invitation } });
    });
    await control.tokens.refresh();
    return { invitation };
  },
});
