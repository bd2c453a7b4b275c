// People in PostgreSQL: who they are elsewhere, and what they are in a tenant.
import type { Role } from "@slipstream/contract/access.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Query } from "#platform/database.ts";
import { newId } from "#platform/ids.ts";

export interface Person {
  id: string;
  name: string;
  email: string | null;
}
export interface Identity {
  issuer: string;
  subject: string;
}

/** The issuer of those whom the machine itself knows: who holds the token in the installation's folder. */
const localIssuer = "urn:slipstream:local";

/** What the journal calls somebody. */
export const actorOf = ({ id, name, email }: Person): string => email ?? (name === "" ? id : name);

export const insertPerson = async (query: Query, { name, email = null }: { name: string; email?: string | null }): Promise<Person> => {
  const id = newId("per");
  await query`insert into people (id, name, email) values (${id}, ${name}, ${email})`;
  return { id, name, email };
};

export const personOf = async (query: Query, id: string): Promise<Person | undefined> =>
  (await query<Person[]>`select id, name, email from people where id = ${id}`)[0];

export const personWith = async (query: Query, { issuer, subject }: Identity): Promise<Person | undefined> =>
  (
    await query<Person[]>`select p.id, p.name, p.email from identities i join people p on p.id = i.person where i.issuer = ${issuer} and i.subject = ${subject}`
  )[0];

/** Says that this is the person elsewhere. Throws `conflict` when it is another one. */
export const addIdentity = async (query: Query, person: string, { issuer, subject }: Identity): Promise<void> => {
  const rows = await query<{ person: string }[]>`
    insert into identities (issuer, subject, person) values (${issuer}, ${subject}, ${person})
    on conflict (issuer, subject) do update set issuer = excluded.issuer returning person`;
  if (rows[0]?.person !== person) throw new SlipError("conflict", "This sign-in belongs to another person already.");
};

export interface Member extends Person {
  role: Role;
  createdAt: Date;
  /** The one whom the machine knows. */
  isLocal: boolean;
}

const members = (query: Query) => query`
  select p.id, p.name, p.email, m.role, m.created_at,
    exists (select 1 from identities i where i.person = p.id and i.issuer = ${localIssuer} and i.subject = m.tenant) as is_local
  from members m join people p on p.id = m.person`;

export const membersOf = (query: Query, tenant: string): Promise<Member[]> =>
  query<Member[]>`${members(query)} where m.tenant = ${tenant} order by m.created_at, p.id`;

/** Somebody of the tenant; throws `not_found` for who is not. */
export const memberOf = async (query: Query, tenant: string, person: string): Promise<Member> => {
  const [member] = await query<Member[]>`${members(query)} where m.tenant = ${tenant} and p.id = ${person}`;
  if (!member) throw new SlipError("not_found", `There is no member ${person}.`, { next: "List them with 'slip members list'." });
  return member;
};

export const roleOf = async (query: Query, tenant: string, person: string): Promise<Role | null> =>
  (await query<{ role: Role }[]>`select role from members where tenant = ${tenant} and person = ${person}`)[0]?.role ?? null;

/** The tenants that somebody is in, the first one first. */
export const tenantsOf = (query: Query, person: string): Promise<{ tenant: string; role: Role }[]> =>
  query<{ tenant: string; role: Role }[]>`select tenant, role from members where person = ${person} order by created_at, tenant`;

/** Those who change members do so one after the other, so that no two of them remove the last two owners. */
export const lockMembers = async (query: Query, tenant: string): Promise<void> => {
  await query`select tenant from tenants where tenant = ${tenant} for update`;
};

/** Lets somebody in, or makes them something else. */
export const setMember = async (query: Query, of: { tenant: string; person: string; role: Role }): Promise<void> => {
  await query`
    insert into members (tenant, person, role) values (${of.tenant}, ${of.person}, ${of.role})
    on conflict (tenant, person) do update set role = excluded.role`;
};

export const removeMember = async (query: Query, of: { tenant: string; person: string }): Promise<void> => {
  await query`update tokens set revoked_at = now() where tenant = ${of.tenant} and person = ${of.person} and revoked_at is null`;
  await query`update grants set revoked_at = now() where tenant = ${of.tenant} and person = ${of.person} and revoked_at is null`;
  await query`delete from members where tenant = ${of.tenant} and person = ${of.person}`;
};

/** The owner at the first start: whoever holds the token in the installation's folder. Gives the person's id. */
export const ensureLocalOwner = async (query: Query, tenant: string): Promise<string> => {
  const identity = { issuer: localIssuer, subject: tenant };
  const known = await personWith(query, identity);
  const { id } = known ?? (await insertPerson(query, { name: "owner" }));
  if (!known) await addIdentity(query, id, identity);
  await setMember(query, { tenant, person: id, role: "owner" });
  return id;
};
