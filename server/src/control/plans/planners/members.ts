// What operations on people and invitations would do. The secret of an invitation is in none of it: its hash comes with the application.
import { type Role, verbsOf } from "@slipstream/contract/access.ts";
import type { PlanInterrupt } from "@slipstream/contract/plan.ts";
import { type Belongings, belongingsOf } from "../../access/belongings.ts";
import {
  type Invitation,
  invitationWith,
  noInvitation,
  openInvitations,
  stateOfInvitation,
  stateOfInviting,
  usedInvitation,
} from "../../access/invitation-store.ts";
import { expectNoGrant, expectReplaceable, stateOfLeaving, stateOfMembers, toInvitation, toMember } from "../../access/member-operations.ts";
import { actorOf, type Member, memberOf, membersOf } from "../../access/people-store.ts";
import { change } from "../diff.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { planner } from "../planner.ts";
import { spanText } from "../words.ts";

export interface InviteRows {
  fingerprint: Fingerprint;
  by: string;
}

const invite = planner<"members.invite", InviteRows>({
  read({ snapshot, call }, { email }) {
    expectNoGrant(call);
    return snapshot(async (query) => ({ by: call.actor, fingerprint: stateOfInviting(call, await openInvitations(query, call.tenant), email) }));
  },
  plan: ({ role, email, validMs, sha256 }, { by }) => ({
    changes: [
      ...change("invitation", undefined, `as ${role}, by ${by}`),
      ...change("invitation for", undefined, email),
      ...change("invitation ends", undefined, `${spanText(validMs)} after it is made`),
    ],
    interrupts: [],
    quota: [],
    inverse: { operation: "invitations.revoke", input: {} },
    ...(sha256 === undefined ? { asks: ["sha256" as const] } : {}),
  }),
  async again({ control, call }, { sha256 }) {
    const made = await invitationWith(control.database, call.tenant, Buffer.from(sha256, "hex"));
    if (made === undefined) throw new Error("The invitation is not there.");
    return toInvitation(made);
  },
});

export interface AcceptRows {
  fingerprint: Fingerprint;
  invitation: Invitation;
}

/** Who accepts it asks with it; their token is made when the plan is applied. */
const accept = planner<"members.accept", AcceptRows>({
  read: ({ snapshot, call: { tenant, token } }) =>
    snapshot(async (query) => {
      const invitation = (await openInvitations(query, tenant)).find(({ id }) => id === token.id);
      if (invitation === undefined) throw usedInvitation();
      return { invitation, fingerprint: stateOfInvitation(invitation) };
    }),
  plan({ name, email = null, sha256 }, { invitation: { role, tenant, invitedBy } }) {
    const who = actorOf({ id: "", name, email });
    return {
      changes: [
        ...change(`member ${who}`, undefined, `${role} of ${tenant}`),
        ...change("invitation", `as ${role}, by ${invitedBy}`, undefined),
        ...change("token", undefined, who),
      ],
      interrupts: [],
      quota: [],
      ...(sha256 === undefined ? { asks: ["sha256" as const] } : {}),
    };
  },
});

export interface MemberRows {
  fingerprint: Fingerprint;
  member: Member;
  all: Member[];
}

/** What somebody may do no more. */
const roleInterrupts = (member: Member, role: Role): PlanInterrupt[] => {
  const lost = verbsOf(member.role).filter((verb) => !verbsOf(role).includes(verb));
  if (lost.length === 0) return [];
  return [
    { what: `what ${actorOf(member)} does with ${lost.join(", ")}`, why: `A ${role} may not; it is refused to all their tokens, and to agents for them.` },
  ];
};

const update = planner<"members.update", MemberRows>({
  read({ snapshot, call }, { person }) {
    expectNoGrant(call);
    return snapshot(async (query) => {
      const member = await memberOf(query, call.tenant, person);
      const all = await membersOf(query, call.tenant);
      return { member, all, fingerprint: stateOfMembers(all) };
    });
  },
  plan({ person, role }, { member, all }) {
    if (role !== "owner") expectReplaceable(member, all);
    return {
      changes: change(`member ${actorOf(member)}`, member.role, role),
      interrupts: roleInterrupts(member, role),
      quota: [],
      inverse: { operation: "members.update", input: { person, role: member.role } },
    };
  },
  again: async ({ control, call }, { person }) => toMember(await memberOf(control.database, call.tenant, person)),
});

export interface LeavingRows extends MemberRows {
  belongings: Belongings;
}

const remove = planner<"members.remove", LeavingRows>({
  read({ snapshot, call }, { person }) {
    expectNoGrant(call);
    return snapshot(async (query) => {
      const member = await memberOf(query, call.tenant, person);
      const all = await membersOf(query, call.tenant);
      const belongings = await belongingsOf(query, call.tenant, person);
      return { member, all, belongings, fingerprint: stateOfLeaving(all, belongings) };
    });
  },
  plan(_, { member, all, belongings: { tokens, connections } }) {
    expectReplaceable(member, all);
    const who = actorOf(member);
    return {
      changes: [
        ...change(`member ${who}`, member.role, undefined),
        ...tokens.flatMap(({ id, actor }) => change(`token ${id}`, actor, undefined)),
        ...connections.flatMap(({ grantId, clientName }) => change(`connection ${grantId}`, clientName, undefined)),
      ],
      interrupts: [{ what: `all that ${who} asks for, and agents for them`, why: "Their tokens and connections end at once." }],
      quota: [],
    };
  },
  again: async (_, { person }) => ({ person }),
});

export interface InvitationRows {
  fingerprint: Fingerprint;
  invitation: Invitation;
}

const revoke = planner<"invitations.revoke", InvitationRows>({
  read({ snapshot, call }, { invitation: id }) {
    expectNoGrant(call);
    return snapshot(async (query) => {
      const invitation = (await openInvitations(query, call.tenant)).find((it) => it.id === id);
      if (invitation === undefined) throw noInvitation(id);
      return { invitation, fingerprint: stateOfInvitation(invitation) };
    });
  },
  plan: (_, { invitation: { role, email } }) => ({
    changes: [...change("invitation", `as ${role}`, undefined), ...change("invitation for", email ?? undefined, undefined)],
    interrupts: [{ what: "who has its secret", why: "They come in with it no more." }],
    quota: [],
  }),
  again: async (_, { invitation }) => ({ invitation }),
});

export const memberPlanners = {
  "members.accept": accept,
  "members.invite": invite,
  "members.update": update,
  "members.remove": remove,
  "invitations.revoke": revoke,
};
