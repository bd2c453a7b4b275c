// The pages as routes: who may see them, which forms are ours, and what headers they have.
import { timingSafeEqual } from "node:crypto";
import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Database } from "#platform/database.ts";
import type { Environment } from "../api/environment.ts";
import { paths } from "../oauth/oauth.ts";
import { type Html, html } from "./html.ts";
import { pageHeaders, renderPage } from "./page.ts";
import { formTokenOf, type Session, sessionOf } from "./session-store.ts";

export type PageContext = Context<Environment>;

/** What is wrong with a request for a page, in words for who sees it. */
export class PageError extends Error {
  readonly status: ContentfulStatusCode;

  constructor(status: ContentfulStatusCode, message: string) {
    super(message);
    this.status = status;
  }
}

const cookieName = "slip-session";
const formCookie = "slip-form";
const cookieOptions = { prefix: "host", path: "/", secure: true, httpOnly: true, sameSite: "Lax" } as const;

export const sessionCookie = (context: PageContext): string | undefined => getCookie(context, cookieName, "host");

export const keepSession = (context: PageContext, value: string, maxAgeMs: number): void =>
  setCookie(context, cookieName, value, { ...cookieOptions, maxAge: Math.floor(maxAgeMs / 1_000) });

export const dropSession = (context: PageContext): void => setCookie(context, cookieName, "", { ...cookieOptions, maxAge: 0 });

/** A cookie for what is between two pages; gone after some minutes. */
export const keepCookie = (context: PageContext, name: string, value: string): void => setCookie(context, name, value, { ...cookieOptions, maxAge: 900 });
export const readCookie = (context: PageContext, name: string): string | undefined => getCookie(context, name, "host");
export const dropCookie = (context: PageContext, name: string): void => setCookie(context, name, "", { ...cookieOptions, maxAge: 0 });

export const show = (context: PageContext, title: string, body: Html, of: { status?: ContentfulStatusCode; leadsTo?: string } = {}): Response =>
  context.body(renderPage(title, body), of.status ?? 200, pageHeaders(of.leadsTo));

const ours = new RegExp(`^(${paths.account}|${paths.consent}/[\\w-]{1,64}|${paths.approvals}(/[\\w-]{1,64})?)$`);

/** Where somebody goes after signing in: one of these pages, else their account. */
export const nextOf = (text: unknown): string => (typeof text === "string" && ours.test(text) ? text : paths.account);

export const signInAddress = (next: string): string => `${paths.signIn}?next=${encodeURIComponent(next)}`;

/** The session, or undefined where there is none. */
export const currentSession = (context: PageContext, database: Database): Promise<Session | undefined> => sessionOf(database, sessionCookie(context));

/** The token of the form of who is not signed in: bound to a cookie of its own, so that nobody is signed in by another's page. */
export const strangerToken = (context: PageContext, make: () => string): string => {
  const known = readCookie(context, formCookie);
  const value = known ?? make();
  if (known === undefined) keepCookie(context, formCookie, value);
  return formTokenOf(value);
};
export const knownStrangerToken = (context: PageContext): string | undefined => {
  const value = readCookie(context, formCookie);
  return value === undefined ? undefined : formTokenOf(value);
};

const same = (one: string, other: string): boolean => one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

export type Form = Readonly<Record<string, string[] | undefined>>;

/** The fields of a form that a page of ours made for this visitor. Throws a PageError for any other. */
export const formOf = async (context: PageContext, issuer: string, token: string | undefined): Promise<Form> => {
  const [origin, site] = [context.req.header("origin"), context.req.header("sec-fetch-site")];
  if ((origin !== undefined && origin !== issuer) || (site !== undefined && site !== "same-origin"))
    throw new PageError(403, "This form came from another place than Slipstream.");
  const fields = await context.req.parseBody({ all: true });
  const form = Object.fromEntries(
    Object.entries(fields).map(([name, value]): [string, string[]] => [name, [value].flat().filter((text): text is string => typeof text === "string")]),
  );
  const given = form.form?.[0];
  if (token === undefined || given === undefined || !same(given, token))
    throw new PageError(403, "This form is not of this visit, or too old. Open the page again.");
  return form;
};

export const hiddenToken = (token: string): Html => html`<input type="hidden" name="form" value="${token}">`;
