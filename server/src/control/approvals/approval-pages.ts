// Approvals on pages, for who is signed in: each question and each answer is an operation that passes the gate as their own call.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { InputOf, OutputOf } from "@slipstream/contract/operations/registry.ts";
import { ApprovalId } from "@slipstream/contract/words.ts";
import type { Hono } from "hono";
import type { Database } from "#platform/database.ts";
import { actorOf, tenantsOf } from "../access/people-store.ts";
import { type Token, tokenOfPerson } from "../access/token.ts";
import type { JsonName } from "../api/call.ts";
import { type Environment, goneSignal } from "../api/environment.ts";
import type { Gate } from "../api/gate.ts";
import { paths } from "../oauth/oauth.ts";
import { currentSession, formOf, type PageContext, PageError, show, signInAddress } from "../sign-in/pages.ts";
import type { Session } from "../sign-in/session-store.ts";
import { type Approval, type ApprovalView, approvalBody, approvalTitle, listBody } from "./approval-page.ts";

export interface ApprovalParts {
  issuer: string;
  database: Database;
  gate: Pick<Gate, "pass">;
}

/** Of each tenant. */
const shownAtOnce = 100;

interface Asked<N extends JsonName> {
  token: Token;
  name: N;
  input: InputOf<N>;
}

const pass = async <N extends JsonName>(context: PageContext, { gate }: ApprovalParts, { token, name, input }: Asked<N>): Promise<OutputOf<N>> => {
  const [requestId, signal] = [context.get("requestId"), goneSignal(context.env.outgoing)];
  const answer = await gate.pass({ token, name, input: () => input as Record<string, unknown>, idempotencyKey: undefined, requestId, signal });
  if (answer.kind !== "json") throw new Error(`${name} answers in lines.`);
  return answer.value as OutputOf<N>;
};

/** The person in each tenant that they are in. Throws a PageError for who is in none. */
const tokensOf = async ({ database }: ApprovalParts, session: Session): Promise<Token[]> => {
  const places = await tenantsOf(database, session.id);
  if (places.length === 0) throw new PageError(403, "You are in no tenant of this platform. Ask for an invitation.");
  return places.map(({ tenant, role }) => tokenOfPerson({ tenant, role, person: session.id, actor: actorOf(session) }));
};

/** Undefined for what is not there for this person. */
const orNothing = async <T>(asked: Promise<T>): Promise<T | undefined> => {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof SlipError && error.code === "not_found") return undefined;
    throw error;
  }
};

interface Found {
  approval: Approval;
  token: Token;
}

/** The approval of the address, in the tenant where it is. Throws a PageError for one that is not there for this person. */
const find = async (context: PageContext, parts: ApprovalParts, session: Session): Promise<Found> => {
  const id = ApprovalId.safeParse(context.req.param("id"));
  for (const token of id.success ? await tokensOf(parts, session) : []) {
    const approval = await orNothing(pass(context, parts, { token, name: "approvals.get", input: { approval: id.data ?? "" } }));
    if (approval) return { approval, token };
  }
  throw new PageError(404, "There is no such approval.");
};

/** What the plan would change, where the approval is of one that is still there. */
const changesOf = async (context: PageContext, parts: ApprovalParts, of: Found): Promise<Pick<ApprovalView, "changes">> => {
  if (of.approval.operation !== "plans.apply") return {};
  const plan = await orNothing(pass(context, parts, { token: of.token, name: "plans.get", input: { plan: String(of.approval.input.plan) } }));
  return plan === undefined ? {} : { changes: plan.changes };
};

const showList = async (context: PageContext, parts: ApprovalParts): Promise<Response> => {
  const session = await currentSession(context, parts.database);
  if (!session) return context.redirect(signInAddress(paths.approvals), 303);
  const asked = (await tokensOf(parts, session)).map(async (token) => {
    const { approvals } = await pass(context, parts, { token, name: "approvals.list", input: { state: "pending", limit: shownAtOnce } });
    return approvals.map((approval) => ({ approval, tenant: token.tenant }));
  });
  const all = await Promise.all(asked);
  return show(
    context,
    "What waits for your approval",
    listBody(
      all.flat(),
      all.some(({ length }) => length === shownAtOnce),
    ),
  );
};

const showOne = async (context: PageContext, parts: ApprovalParts): Promise<Response> => {
  const session = await currentSession(context, parts.database);
  if (!session) return context.redirect(signInAddress(`${paths.approvals}/${context.req.param("id")}`), 303);
  const found = await find(context, parts, session);
  const { approval, token } = found;
  const view = { approval, tenant: token.tenant, formToken: session.formToken, ...(await changesOf(context, parts, found)) };
  return show(context, approvalTitle(approval), approvalBody(view));
};

const decisions = { approve: "approvals.approve", deny: "approvals.deny" } as const;
const isDecision = (text: string): text is keyof typeof decisions => Object.hasOwn(decisions, text);

const decideOne = async (context: PageContext, parts: ApprovalParts): Promise<Response> => {
  const session = await currentSession(context, parts.database);
  const form = await formOf(context, parts.issuer, session?.formToken);
  if (!session) throw new PageError(403, "You are not signed in any more.");
  const decision = form.decision?.[0] ?? "";
  if (!isDecision(decision)) throw new PageError(400, "The form says neither yes nor no. Open the page again.");
  const { approval, token } = await find(context, parts, session);
  await pass(context, parts, { token, name: decisions[decision], input: { approval: approval.approval } });
  return context.redirect(`${paths.approvals}/${approval.approval}`, 303);
};

export const approvalPages = (app: Hono<Environment>, parts: ApprovalParts): void => {
  app.get(paths.approvals, (context) => showList(context, parts));
  app.get(`${paths.approvals}/:id`, (context) => showOne(context, parts));
  app.post(`${paths.approvals}/:id`, (context) => decideOne(context, parts));
};
