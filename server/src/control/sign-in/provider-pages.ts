// Signing in where somebody is known already: there, back, and what to do with who is not known here.
import { createHash } from "node:crypto";
import type { Hono } from "hono";
import type { Configuration } from "openid-client";
import type { Database } from "#platform/database.ts";
import type { Log } from "#platform/log.ts";
import { acceptInvitation } from "../access/invitation-store.ts";
import { actorOf, addIdentity, insertPerson, personWith } from "../access/people-store.ts";
import type { Environment } from "../api/environment.ts";
import { paths } from "../oauth/oauth.ts";
import { openWith, type Sealing, sealWith } from "../secrets/sealing.ts";
import { type Begun, begin, configurationOf, finish, type Known } from "./elsewhere.ts";
import { html } from "./html.ts";
import { currentSession, dropCookie, type Form, formOf, hiddenToken, keepCookie, nextOf, type PageContext, PageError, readCookie, show } from "./pages.ts";
import { findProvider, type SignInProvider } from "./provider-store.ts";
import { formTokenOf, type Session } from "./session-store.ts";
import { signIn } from "./sign-in-pages.ts";

export interface ProviderParts {
  issuer: string;
  database: Database;
  sealing: Sealing;
  /** 32 bytes that seal what a browser keeps for us. */
  cookieKey: Buffer;
  changed(): Promise<void>;
  log: Log;
}

const stages = { away: "slip-away", known: "slip-known" } as const;
type Stage = keyof typeof stages;
interface Kept {
  away: Begun & { provider: string; next: string; endsAt: number };
  known: Known & { next: string; endsAt: number };
}
const stageMs = 900_000;

const keep = <S extends Stage>(context: PageContext, key: Buffer, stage: S, value: Omit<Kept[S], "endsAt">): void =>
  keepCookie(context, stages[stage], sealWith(key, JSON.stringify({ ...value, endsAt: Date.now() + stageMs }), ["sign-in", stage]).toString("base64url"));

const read = <S extends Stage>(context: PageContext, key: Buffer, stage: S): Kept[S] | undefined => {
  const cookie = readCookie(context, stages[stage]);
  if (cookie === undefined) return undefined;
  try {
    const value = JSON.parse(openWith(key, Buffer.from(cookie, "base64url"), ["sign-in", stage])) as Kept[S];
    return value.endsAt > Date.now() ? value : undefined;
  } catch {
    return undefined;
  }
};

const providerOf = async (context: PageContext, { database, sealing }: ProviderParts): Promise<SignInProvider> => {
  const provider = await findProvider(database, sealing, context.req.param("provider") ?? "");
  if (!provider) throw new PageError(404, "There is no such way to sign in.");
  return provider;
};

const reach = async (provider: SignInProvider, { log }: ProviderParts): Promise<Configuration> =>
  configurationOf(provider).catch((error: unknown) => {
    log.warn("a sign-in provider cannot be reached", { provider: provider.name, error: String(error) });
    throw new PageError(502, `${provider.name} cannot be reached now. Try again, or sign in in another way.`);
  });

const callbackOf = (issuer: string, name: string): string => `${issuer}${paths.signIn}/with/${name}/callback`;

const goThere = async (context: PageContext, parts: ProviderParts): Promise<Response> => {
  const provider = await providerOf(context, parts);
  const { address, begun } = await begin(provider, await reach(provider, parts), callbackOf(parts.issuer, provider.name));
  keep(context, parts.cookieKey, "away", { ...begun, provider: provider.name, next: nextOf(context.req.query("next")) });
  return context.redirect(address.href, 303);
};

const whoCame = async (context: PageContext, parts: ProviderParts): Promise<{ known: Known; next: string }> => {
  const provider = await providerOf(context, parts);
  const away = read(context, parts.cookieKey, "away");
  dropCookie(context, stages.away);
  if (away?.provider !== provider.name) throw new PageError(400, "This sign-in was not begun in this browser, or too long ago. Begin again.");
  const address = new URL(`${callbackOf(parts.issuer, provider.name)}?${new URL(context.req.url).searchParams}`);
  const known = await finish(provider, await reach(provider, parts), { address, begun: away }).catch((error: unknown) => {
    if (error instanceof PageError) throw error;
    parts.log.warn("a sign-in elsewhere failed", { provider: provider.name, error: String(error) });
    throw new PageError(403, `${provider.name} did not let you in, or its answer was not for this visit. Begin again.`);
  });
  return { known, next: away.next };
};

const strangerBody = (of: { known: Known; token: string; session: Session | undefined; wrong?: string }) => html`
${of.wrong === undefined ? html`` : html`<p class="wrong" role="alert">${of.wrong}</p>`}
<p>You are <strong>${of.known.email ?? of.known.name}</strong> there, and nobody here yet.</p>
<form method="post" action="${paths.signIn}/join">
${hiddenToken(of.token)}
${
  of.session
    ? html`<p>You are signed in as <strong>${actorOf(of.session)}</strong>. From now on you can sign in as the same person in this way too.</p><p><button type="submit">Add it to my account</button></p>`
    : html`<label for="invitation">Invitation <small>What the person who invited you sent you.</small></label><input id="invitation" name="invitation" required autocomplete="off" spellcheck="false" maxlength="200"><p><button type="submit">Join</button></p>`
}
</form>`;

const comeBack = async (context: PageContext, parts: ProviderParts): Promise<Response> => {
  const { known, next } = await whoCame(context, parts);
  const person = await personWith(parts.database, known);
  if (person) {
    await signIn(context, parts.database, person.id);
    return context.redirect(next, 303);
  }
  keep(context, parts.cookieKey, "known", { ...known, next });
  return context.redirect(`${paths.signIn}/join`, 303);
};

/** Forms of who comes from elsewhere carry what only the browser with that cookie can. */
const joinToken = (context: PageContext): string => formTokenOf(readCookie(context, stages.known) ?? "");

const expectKnown = (context: PageContext, { cookieKey }: ProviderParts): Kept["known"] => {
  const known = read(context, cookieKey, "known");
  if (!known) throw new PageError(400, "This sign-in was not begun in this browser, or too long ago. Begin again.");
  return known;
};

const showJoin = async (context: PageContext, parts: ProviderParts, wrong?: string): Promise<Response> => {
  const known = expectKnown(context, parts);
  const session = await currentSession(context, parts.database);
  const body = strangerBody({ known, session, token: joinToken(context), ...(wrong === undefined ? {} : { wrong }) });
  return show(context, "Who are you here?", body, { status: wrong === undefined ? 200 : 403 });
};

/** Somebody new, who has an invitation. One transaction: an invitation that does not hold makes nobody. */
const join = (parts: ProviderParts, known: Known, form: Form): Promise<string> =>
  parts.database.begin(async (query) => {
    const { id } = await insertPerson(query, { name: known.name, email: known.email });
    await addIdentity(query, id, known);
    const sha256 = createHash("sha256")
      .update(form.invitation?.[0]?.trim() ?? "")
      .digest();
    await acceptInvitation(query, { sha256, person: id });
    return id;
  });

const takeJoin = async (context: PageContext, parts: ProviderParts): Promise<Response> => {
  const known = expectKnown(context, parts);
  const form = await formOf(context, parts.issuer, joinToken(context));
  const session = await currentSession(context, parts.database);
  if (session) await addIdentity(parts.database, session.id, known);
  else {
    const person = await join(parts, known, form).catch((error: unknown) => {
      if ((error as { code?: unknown }).code === "not_found") return undefined;
      throw error;
    });
    if (person === undefined) return showJoin(context, parts, "This invitation is wrong, was used before, or is too old. Ask for another one.");
    await signIn(context, parts.database, person);
    await parts.changed();
  }
  dropCookie(context, stages.known);
  return context.redirect(known.next, 303);
};

export const providerPages = (app: Hono<Environment>, parts: ProviderParts): void => {
  app.get(`${paths.signIn}/with/:provider`, (context) => goThere(context, parts));
  app.get(`${paths.signIn}/with/:provider/callback`, (context) => comeBack(context, parts));
  app.get(`${paths.signIn}/join`, (context) => showJoin(context, parts));
  app.post(`${paths.signIn}/join`, (context) => takeJoin(context, parts));
};
