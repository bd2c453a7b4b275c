// Between a client's request and its answer: the person, the page, and the grant that comes of it.
import { type Role, verbsOf } from "@slipstream/contract/access.ts";
import type { Hono } from "hono";
import type { Grant, Interaction, Provider } from "oidc-provider";
import type { Database } from "#platform/database.ts";
import { actorOf, tenantsOf } from "../access/people-store.ts";
import type { Environment } from "../api/environment.ts";
import { journal } from "../journal/journal-store.ts";
import { currentSession, type Form, formOf, type PageContext, PageError, show, signInAddress } from "../sign-in/pages.ts";
import type { Session } from "../sign-in/session-store.ts";
import { addConnection } from "./connection-store.ts";
import { type Chosen, grantOf, type Offer } from "./consent.ts";
import { type ConsentView, consentBody, consentTitle } from "./consent-page.ts";
import { paths, verbsIn } from "./oauth.ts";

export interface ConsentParts {
  issuer: string;
  database: Database;
  provider: Provider;
}

/** As long as nobody asks for a page the authorization server is not loaded. */
export type ConsentPages = Omit<ConsentParts, "provider"> & { provider(): Promise<Provider> };

const interactionOf = async (context: PageContext, provider: Provider): Promise<Interaction> => {
  const { incoming, outgoing } = context.env;
  const interaction = await provider.interactionDetails(incoming, outgoing).catch((error: unknown) => {
    if (error instanceof Error && error.name === "SessionNotFound")
      throw new PageError(400, "This request is too old, or of another browser. Go back to the program and begin again.");
    throw error;
  });
  if (interaction.uid !== context.req.param("uid"))
    throw new PageError(400, "Another request was begun in this browser since. Go back to the program and begin again.");
  return interaction;
};

const offerOf = async (database: Database, { tenant, role }: { tenant: string; role: Role }, scope: unknown): Promise<Offer> => {
  const projects = await database<{ name: string }[]>`select name from projects where tenant = ${tenant} order by created_at limit 100`;
  const environments = await database<{ name: string }[]>`
    select e.name from environments e join projects p on p.id = e.project_id where p.tenant = ${tenant} group by e.name order by min(e.created_at) limit 100`;
  return {
    verbs: verbsIn(scope).filter((verb) => verbsOf(role).includes(verb)),
    projects: projects.map(({ name }) => name),
    environments: environments.map(({ name }) => name),
  };
};

const viewOf = async (of: { parts: ConsentParts; interaction: Interaction; session: Session; asked: string | undefined }): Promise<ConsentView> => {
  const { parts, interaction, session, asked } = of;
  const { params, uid } = interaction;
  const client = await parts.provider.Client.find(String(params.client_id));
  if (!client) throw new PageError(400, "The program is not known any more. Go back to it and begin again.");
  const tenants = await tenantsOf(parts.database, session.id);
  const place = tenants.find(({ tenant }) => tenant === asked) ?? tenants[0];
  if (!place) throw new PageError(403, "You are in no tenant of this platform. Ask for an invitation.");
  return {
    uid,
    client,
    redirectUri: String(params.redirect_uri),
    person: actorOf(session),
    tenant: place.tenant,
    tenants: tenants.map(({ tenant }) => tenant),
    offer: await offerOf(parts.database, place, params.scope),
    formToken: session.formToken,
  };
};

/** Where the form leads in the end, for the policy of the page: browsers follow it through all redirects. */
const leadsTo = (redirectUri: string): string => {
  const { protocol, host, hostname } = new URL(redirectUri);
  const isNamed = (protocol === "https:" || protocol === "http:") && !hostname.startsWith("[");
  return isNamed ? `${protocol}//${host}` : protocol;
};

const showConsent = (context: PageContext, view: ConsentView): Response =>
  show(context, consentTitle(view), consentBody(view), { leadsTo: leadsTo(view.redirectUri), status: view.wrong === undefined ? 200 : 400 });

const resourcesIn = (value: unknown): string[] => [value].flat().filter((one): one is string => typeof one === "string");

/** What the client asked for and did not get is said to be refused, so that it is not asked for again and again. */
const tellLibrary = (grant: Grant, { params }: Interaction, granted: readonly string[]): void => {
  const asked = String(params.scope ?? "").split(" ");
  const given = asked.filter((word) => word === "openid" || word === "offline_access" || granted.includes(word));
  const refused = asked.filter((word) => !given.includes(word)).join(" ");
  grant.addOIDCScope(given.join(" "));
  if (refused !== "") grant.rejectOIDCScope(refused);
  for (const resource of resourcesIn(params.resource)) {
    grant.addResourceScope(resource, granted.join(" "));
    if (refused !== "") grant.rejectResourceScope(resource, refused);
  }
};

const connect = async (
  { database, provider }: ConsentParts,
  of: { view: ConsentView; interaction: Interaction; person: string; requestId: string; chosen: Extract<Chosen, { terms: unknown }> },
): Promise<string> => {
  const { view, interaction, person, chosen } = of;
  const { clientId, clientName = clientId } = view.client;
  const grantId = await database.begin(async (query) => {
    const made = await addConnection(query, { tenant: view.tenant, person, clientId, clientName: clientName.slice(0, 80), ...chosen });
    const by = { tenant: view.tenant, actor: view.person, requestId: of.requestId, journaled: false };
    await journal(query, by, { operation: "connections.allow", input: { connection: made, client: clientName.slice(0, 80), grant: chosen.terms } });
    return made;
  });
  const grant = new provider.Grant({ accountId: person, clientId, jti: grantId, exp: Math.floor(chosen.expiresAt.getTime() / 1_000) });
  tellLibrary(grant, interaction, chosen.terms.verbs);
  return grant.save();
};

const refused = { error: "access_denied", error_description: "the person refused" };

const resultOf = async (
  context: PageContext,
  parts: ConsentParts,
  of: { session: Session; interaction: Interaction; form: Form },
): Promise<Record<string, unknown> | ConsentView> => {
  const { session, interaction, form } = of;
  if (form.decision?.[0] !== "allow") return refused;
  const view = await viewOf({ parts, interaction, session, asked: form.tenant?.[0] });
  if (view.tenant !== form.tenant?.[0]) return { ...view, wrong: "You are not in that tenant any more." };
  const chosen = grantOf(form, view.offer, new Date());
  if ("wrong" in chosen) return { ...view, wrong: chosen.wrong };
  const grantId = await connect(parts, { view, interaction, person: session.id, requestId: context.get("requestId"), chosen });
  return { login: { accountId: session.id, remember: false }, consent: { grantId } };
};

const isView = (result: Record<string, unknown> | ConsentView): result is ConsentView => "offer" in result;

const answerConsent = async (context: PageContext, parts: ConsentParts): Promise<Response> => {
  const session = await currentSession(context, parts.database);
  const form = await formOf(context, parts.issuer, session?.formToken);
  const interaction = await interactionOf(context, parts.provider);
  if (!session) throw new PageError(403, "You are not signed in any more.");
  const result = await resultOf(context, parts, { session, interaction, form });
  if (isView(result)) return showConsent(context, result);
  const { incoming, outgoing } = context.env;
  return context.redirect(await parts.provider.interactionResult(incoming, outgoing, result), 303);
};

const askConsent = async (context: PageContext, parts: ConsentParts): Promise<Response> => {
  const interaction = await interactionOf(context, parts.provider);
  const session = await currentSession(context, parts.database);
  if (!session) return context.redirect(signInAddress(`${paths.consent}/${interaction.uid}`), 303);
  return showConsent(context, await viewOf({ parts, interaction, session, asked: context.req.query("tenant") }));
};

export const consentPages = (app: Hono<Environment>, { provider, ...parts }: ConsentPages): void => {
  const made = async (): Promise<ConsentParts> => ({ ...parts, provider: await provider() });
  app.get(`${paths.consent}/:uid`, async (context) => askConsent(context, await made()));
  app.post(`${paths.consent}/:uid`, async (context) => answerConsent(context, await made()));
};
