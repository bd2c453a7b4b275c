// All pages for people, and what programs read before they ask for a token. Mounted beside the operations.
import { toErrorBody } from "@slipstream/contract/errors.ts";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Log } from "#platform/log.ts";
import type { Environment } from "../api/environment.ts";
import { markFailure } from "../api/failure.ts";
import { knownError } from "../api/known-error.ts";
import { beginAttempt } from "../api/rate/attempts.ts";
import type { RateLimits } from "../api/rate/rate-limits.ts";
import { type ApprovalParts, approvalPages } from "../approvals/approval-pages.ts";
import { type ConsentPages, consentPages } from "../oauth/consent-pages.ts";
import { paths } from "../oauth/oauth.ts";
import { resourceMetadata } from "../oauth/protected-resource.ts";
import { html } from "./html.ts";
import { PageError, show } from "./pages.ts";
import { type ProviderParts, providerPages } from "./provider-pages.ts";
import { type SignInParts, signInPages } from "./sign-in-pages.ts";

const formBytes = 65_536;

export interface RouteParts extends SignInParts, ProviderParts, ApprovalParts {
  provider: ConsentPages["provider"];
  limits: RateLimits;
  log: Log;
}

/** What somebody can guess at on a page is under the limit of failures. */
const addLimits = (app: Hono<Environment>, limits: RateLimits): void => {
  for (const path of [paths.signIn, paths.consent])
    app.use(`${path}/*`, async (context, next) => {
      const attempt = beginAttempt(limits, (name) => context.req.header(name));
      await next();
      attempt.ended(context.res.status);
    });
};

const addMetadata = (app: Hono<Environment>, issuer: string): void => {
  for (const door of ["", "/mcp"] as const)
    app.get(`${paths.resourceMetadata}${door}`, (context) =>
      context.json(resourceMetadata(issuer, door), 200, { "access-control-allow-origin": "*", "cache-control": "max-age=3600" }),
    );
};

/** Who opens the address that `slip status` shows in a browser wants the pages; a program is told where the operations are. */
const addFront = (app: Hono<Environment>): void => {
  app.get("/", (context, next) => (context.req.header("accept")?.includes("text/html") ? Promise.resolve(context.redirect(paths.account, 303)) : next()));
};

export const signInRoutes = (parts: RouteParts): Hono<Environment> => {
  const app = new Hono<Environment>();
  const tooLarge = (): never => {
    throw new PageError(413, "This form is larger than any of ours.");
  };
  addLimits(app, parts.limits);
  for (const path of [paths.signIn, paths.signOut, paths.account, paths.consent, paths.approvals])
    app.use(`${path}/*`, bodyLimit({ maxSize: formBytes, onError: tooLarge }));
  addMetadata(app, parts.issuer);
  addFront(app);
  signInPages(app, parts);
  providerPages(app, parts);
  consentPages(app, parts);
  approvalPages(app, parts);
  app.onError((error, context) => {
    if (error instanceof PageError) return show(context, "This did not work", html`<p>${error.message}</p>`, { status: error.status });
    const told = knownError(error);
    const requestId = context.get("requestId");
    if (told.code === "internal") parts.log.error(`${context.req.method} ${context.req.path} failed`, error, { requestId });
    markFailure(context, told);
    const { message, next } = toErrorBody(told, requestId).error;
    return show(context, "This did not work", html`<p>${message}</p><p>${next}</p><p><small>Request ${requestId}</small></p>`, { status: told.status as 400 });
  });
  return app;
};
