// Invitations in PostgreSQL, by the hash of their secret: who knows it may become a member, once, until it ends.
import type { Role } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";
import type { Fingerprint } from "../plans/fingerprint.ts";
import { lockMembers, setMember } from "./people-store.ts";

export interface Invitation {
  id: string;
  tenant: string;
  role: Role;
  email: string | null;
  invitedBy: string;
  createdAt: Date;
  expiresAt: Date;
}

const columns = (query: Query) => query`id, tenant, role, email, invited_by, created_at, expires_at`;
const isOpen = (query: Query) => query`accepted_at is null and expires_at > now()`;

/** Those that nobody has accepted yet. */
export const openInvitations = (query: Query, tenant: string): Promise<Invitation[]> =>
  query<Invitation[]>`select ${columns(query)} from invitations where tenant = ${tenant} and ${isOpen(query)} order by id`;

/** Throws `conflict` for a secret that was in use before. */
export const insertInvitation = async (
  query: Query,
  it: { tenant: string; sha256: Buffer; role: Role; email: string | null; invitedBy: string; expiresAt: Date },
): Promise<Invitation> => {
  const [made] = await query<Invitation[]>`
    insert into invitations (id, tenant, sha256, role, email, invited_by, expires_at)
    values (${newId("inv")}, ${it.tenant}, ${it.sha256}, ${it.role}, ${it.email}, ${it.invitedBy}, ${it.expiresAt})
    on conflict (sha256) do nothing returning ${columns(query)}`;
  if (!made) throw new SlipError("conflict", "The secret of the invitation was in use before.", { next: "Make another one." });
  return made;
};

/** One that is open, which nobody accepts meanwhile. Throws `not_found`. */
export const lockInvitation = async (query: Query, tenant: string, id: string): Promise<Invitation> => {
  const [row] = await query<Invitation[]>`
    select ${columns(query)} from invitations where tenant = ${tenant} and id = ${id} and ${isOpen(query)} for update`;
  if (!row) throw noInvitation(id);
  return row;
};

/** The one whose secret opens the door to a call, which nobody else accepts or takes back meanwhile. Throws `not_found`. */
export const holdInvitation = async (query: Query, sha256: Buffer): Promise<Invitation> => {
  const [row] = await query<Invitation[]>`select ${columns(query)} from invitations where sha256 = ${sha256} and ${isOpen(query)} for update`;
  if (!row) throw usedInvitation();
  return row;
};

export const usedInvitation = (): SlipError => new SlipError("not_found", "This invitation is used, at its end, or none.", { next: "Ask for another one." });

export const noInvitation = (id: string): SlipError =>
  new SlipError("not_found", `There is no open invitation ${id}.`, { next: "List them with 'slip members list'." });

export const removeInvitation = async (query: Query, tenant: string, id: string): Promise<void> => {
  await query`delete from invitations where tenant = ${tenant} and id = ${id}`;
};

/** The one with a secret, accepted or not. */
export const invitationWith = async (query: Query, tenant: string, sha256: Buffer): Promise<Invitation | undefined> =>
  (await query<Invitation[]>`select ${columns(query)} from invitations where tenant = ${tenant} and sha256 = ${sha256}`)[0];

/** What plans of its end, or of accepting it, remember of an invitation. */
export const stateOfInvitation = ({ id, role }: Invitation): Fingerprint => ({ [`invitation ${id}`]: role });

/** What plans of a new one remember: who invites, and who is invited already by the same address. */
export const stateOfInviting = ({ actor }: { actor: string }, open: readonly Invitation[], email: string | undefined): Fingerprint => ({
  inviter: actor,
  ...Object.fromEntries(open.filter((it) => email !== undefined && it.email === email).map(({ id, role }) => [`invitation ${id}`, role])),
});

/**
 * Makes somebody a member by the secret of an invitation, which nobody can use again. Who is a member already stays what they are.
 * Throws `not_found` for one that is unknown, used or at its end.
 */
export const acceptInvitation = async (query: Query, of: { sha256: Buffer; person: string }): Promise<Invitation> => {
  const [accepted] = await query<Invitation[]>`
    update invitations set accepted_by = ${of.person}, accepted_at = now() where sha256 = ${of.sha256} and ${isOpen(query)} returning ${columns(query)}`;
  if (!accepted) throw usedInvitation();
  const { tenant, role } = accepted;
  await lockMembers(query, tenant);
  const known = await query`select person from members where tenant = ${tenant} and person = ${of.person}`;
  if (known.length === 0) await setMember(query, { tenant, person: of.person, role });
  return accepted;
};
