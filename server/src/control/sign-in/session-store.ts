// Who is signed in on the pages, and the codes that sign somebody in. Both by their hash: what opens the door is stored nowhere.
import { createHash, randomBytes } from "node:crypto";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Query } from "#platform/database.ts";
import type { Person } from "../access/people-store.ts";

const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();
const inMs = (ms: number): Date => new Date(Date.now() + ms);

/** A code as somebody types it: "K3F9 xOma" is "k3f9x0ma". Its hash is of this. */
const plainCode = (typed: string): string => typed.toLowerCase().replace(/[\s-]/g, "").replace(/o/g, "0").replace(/[il]/g, "1");

/** Lets the code with this hash sign this person in, once; the ones of before end. Gives until when. */
export const keepCode = async (query: Query, person: string, sha256: Buffer): Promise<Date> => {
  const expiresAt = inMs(limit("signInCodeMs"));
  await query`delete from sign_in_codes where person = ${person} or expires_at < now()`;
  const rows =
    await query`insert into sign_in_codes (sha256, person, expires_at) values (${sha256}, ${person}, ${expiresAt}) on conflict do nothing returning sha256`;
  if (rows.length === 0) throw new SlipError("conflict", "This code is in use already.", { next: "Make another one." });
  return expiresAt;
};

/** The code with which somebody could sign in now, by its end. */
export const openCodeOf = async (query: Query, person: string): Promise<{ expiresAt: Date } | undefined> =>
  (await query<{ expiresAt: Date }[]>`select expires_at from sign_in_codes where person = ${person} and expires_at > now()`)[0];

/** When a code that was kept ends; undefined once it is used. */
export const endOfCode = async (query: Query, sha256: Buffer): Promise<Date | undefined> =>
  (await query<{ expiresAt: Date }[]>`select expires_at from sign_in_codes where sha256 = ${sha256} and expires_at > now()`)[0]?.expiresAt;

/** Those who make codes for somebody do so one after the other. */
export const lockCodes = async (query: Query, person: string): Promise<void> => {
  await query`select id from people where id = ${person} for no key update`;
};

/** Uses a code up; gives whose it was. */
export const takeCode = async (query: Query, typed: string): Promise<string | undefined> => {
  const [row] = await query<{ person: string; isOpen: boolean }[]>`
    delete from sign_in_codes where sha256 = ${hashOf(plainCode(typed))} returning person, expires_at > now() as is_open`;
  return row?.isOpen ? row.person : undefined;
};

export interface Session extends Person {
  /** What forms of this session carry. */
  formToken: string;
}

/** What a form carries to show that a page of ours made it: known to who has the cookie alone. */
export const formTokenOf = (cookie: string): string => createHash("sha256").update(`form\n${cookie}`).digest("base64url");

/** Signs somebody in; gives the value of the cookie. A session that the browser had before ends. */
export const openSession = async (query: Query, person: string, before: string | undefined): Promise<string> => {
  const cookie = randomBytes(32).toString("base64url");
  if (before !== undefined) await endSession(query, before);
  await query`insert into sessions (sha256, person, expires_at) values (${hashOf(cookie)}, ${person}, ${inMs(limit("sessionMs"))})`;
  return cookie;
};

export const sessionOf = async (query: Query, cookie: string | undefined): Promise<Session | undefined> => {
  if (cookie === undefined || cookie === "") return undefined;
  const [person] = await query<Person[]>`
    select p.id, p.name, p.email from sessions s join people p on p.id = s.person where s.sha256 = ${hashOf(cookie)} and s.expires_at > now()`;
  return person && { ...person, formToken: formTokenOf(cookie) };
};

export const endSession = async (query: Query, cookie: string): Promise<void> => {
  await query`delete from sessions where sha256 = ${hashOf(cookie)}`;
};

/** Signs out whom a token has signed in that ends because others may have seen it; one with a grant signs nobody in. */
export const endSignIns = async (query: Query, { person, grantId }: { person: string | null; grantId: string | null }): Promise<void> => {
  if (person === null || grantId !== null) return;
  await query`delete from sign_in_codes where person = ${person}`;
  await query`delete from sessions where person = ${person}`;
};

export const trimSessions = async (query: Query): Promise<void> => {
  await query`delete from sessions where expires_at < now()`;
  await query`delete from sign_in_codes where expires_at < now()`;
};
