// How somebody signs in: with a code of 'slip sign-in', or where they are known already. And their account: who may act for them.
import { randomBytes } from "node:crypto";
import { limit } from "@slipstream/contract/limits.ts";
import type { Hono } from "hono";
import type { Database } from "#platform/database.ts";
import { actorOf, tenantsOf } from "../access/people-store.ts";
import type { Environment } from "../api/environment.ts";
import { type Connection, connectionOf, connectionsOf, endConnection } from "../oauth/connection-store.ts";
import { paths } from "../oauth/oauth.ts";
import { type Html, html } from "./html.ts";
import {
  currentSession,
  dropSession,
  formOf,
  hiddenToken,
  keepSession,
  knownStrangerToken,
  nextOf,
  type PageContext,
  PageError,
  sessionCookie,
  show,
  signInAddress,
  strangerToken,
} from "./pages.ts";
import { endSession, openSession, type Session, takeCode } from "./session-store.ts";

export interface SignInParts {
  issuer: string;
  database: Database;
  /** Names of the providers that people can sign in with. */
  providers(): Promise<string[]>;
  /** Makes a change of the tokens known to the gate. */
  changed(): Promise<void>;
}

const providerLinks = (names: readonly string[], next: string): Html =>
  names.length === 0
    ? html``
    : html`<h2>Or with</h2><ul>${names.map((name) => html`<li><a href="${paths.signIn}/with/${name}?next=${encodeURIComponent(next)}">${name}</a></li>`)}</ul>`;

const signInForm = (of: { token: string; next: string; providers: readonly string[]; wrong?: string }): Html => html`
${of.wrong === undefined ? html`` : html`<p class="wrong" role="alert">${of.wrong}</p>`}
<form method="post" action="${paths.signIn}">
${hiddenToken(of.token)}
<input type="hidden" name="next" value="${of.next}">
<label for="code">Code <small>Type <code>slip sign-in</code> on the machine of the platform, or where your token is; it prints a code that works once, for ten minutes.</small></label>
<input id="code" name="code" required autofocus autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="64">
<p><button type="submit">Sign in</button></p>
</form>
${providerLinks(of.providers, of.next)}`;

/** Gives the browser a session of its own for this person, in the place of the one that it had. */
export const signIn = async (context: PageContext, database: Database, person: string): Promise<void> => {
  keepSession(context, await openSession(database, person, sessionCookie(context)), limit("sessionMs"));
};

const showSignIn = async (context: PageContext, parts: SignInParts, of: { next: string; wrong?: string }): Promise<Response> => {
  const token = strangerToken(context, () => randomBytes(32).toString("base64url"));
  return show(context, "Sign in", signInForm({ ...of, token, providers: await parts.providers() }), { status: of.wrong === undefined ? 200 : 403 });
};

const takeSignIn = async (context: PageContext, parts: SignInParts): Promise<Response> => {
  const form = await formOf(context, parts.issuer, knownStrangerToken(context));
  const next = nextOf(form.next?.[0]);
  const person = await takeCode(parts.database, form.code?.[0] ?? "");
  if (person === undefined) return showSignIn(context, parts, { next, wrong: "This code is wrong, was used before, or is too old. Ask for another one." });
  await signIn(context, parts.database, person);
  return context.redirect(next, 303);
};

const verbsInWords = ({ terms }: Connection): string => terms.verbs.join(", ");

const connectionRow = (of: Connection, session: Session): Html => html`<tr>
<td>${of.clientName}<small>${of.clientId}</small></td>
<td>${verbsInWords(of)}<small>${of.terms.projects === undefined ? "all projects" : of.terms.projects.join(", ")}</small></td>
<td>${of.expiresAt.toISOString().slice(0, 10)}</td>
<td><form method="post" action="${paths.account}/connections/${of.grantId}/end">${hiddenToken(session.formToken)}<button type="submit">End</button></form></td>
</tr>`;

const accountBody = (session: Session, connections: readonly Connection[]): Html => html`
<p>You are signed in as <strong>${actorOf(session)}</strong>.</p>
<h2>Who may act for you</h2>
${
  connections.length === 0
    ? html`<p>Nobody.</p>`
    : html`<table><thead><tr><th scope="col">Program</th><th scope="col">May</th><th scope="col">Until</th><th scope="col"></th></tr></thead>
<tbody>${connections.map((connection) => connectionRow(connection, session))}</tbody></table>`
}
<p><a href="${paths.approvals}">What waits for your approval</a></p>
<form method="post" action="${paths.signOut}">${hiddenToken(session.formToken)}<p><button type="submit">Sign out</button></p></form>`;

const showAccount = async (context: PageContext, { database }: SignInParts): Promise<Response> => {
  const session = await currentSession(context, database);
  if (!session) return context.redirect(signInAddress(paths.account), 303);
  const tenants = await tenantsOf(database, session.id);
  const all = await Promise.all(tenants.map(({ tenant }) => connectionsOf(database, tenant, session.id)));
  return show(context, "Your account", accountBody(session, all.flat()));
};

const endOne = async (context: PageContext, { database, issuer, changed }: SignInParts): Promise<Response> => {
  const session = await currentSession(context, database);
  await formOf(context, issuer, session?.formToken);
  const connection = await connectionOf(database, context.req.param("id") ?? "");
  if (connection?.person !== session?.id || !connection) throw new PageError(404, "There is no such program.");
  await endConnection(database, connection.grantId);
  await changed();
  return context.redirect(paths.account, 303);
};

const signOut = async (context: PageContext, { database, issuer }: SignInParts): Promise<Response> => {
  const session = await currentSession(context, database);
  await formOf(context, issuer, session?.formToken);
  await endSession(database, sessionCookie(context) ?? "");
  dropSession(context);
  return context.redirect(paths.signIn, 303);
};

export const signInPages = (app: Hono<Environment>, parts: SignInParts): void => {
  app.get(paths.signIn, (context) => showSignIn(context, parts, { next: nextOf(context.req.query("next")) }));
  app.post(paths.signIn, (context) => takeSignIn(context, parts));
  app.post(paths.signOut, (context) => signOut(context, parts));
  app.get(paths.account, (context) => showAccount(context, parts));
  app.post(`${paths.account}/connections/:id/end`, (context) => endOne(context, parts));
};
