// Which requests are the authorization server's, and what holds for them before it sees them. It does not load the library.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Provider } from "oidc-provider";
import type { Log } from "#platform/log.ts";
import { type Attempt, beginAttempt } from "../api/rate/attempts.ts";
import { RateLimited, type RateLimits } from "../api/rate/rate-limits.ts";
import { html } from "../sign-in/html.ts";
import { pageHeaders, renderPage } from "../sign-in/page.ts";
import { answerMode, paths, usualScopes, verbsIn } from "./oauth.ts";

const served: readonly string[] = [
  paths.token,
  paths.register,
  paths.revoke,
  paths.keys,
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
];

const isServed = (path: string): boolean => served.includes(path) || path === paths.authorize || path.startsWith(`${paths.authorize}/`);

/**
 * A client that does not say what it wants to do asks for what is usual. An answer comes in the query alone: the page with a script
 * that the library has for other modes is never shown.
 */
const usual = (target: string): string => {
  const at = target.indexOf("?");
  if (at < 0 || target.slice(0, at) !== paths.authorize) return target;
  const query = new URLSearchParams(target.slice(at + 1));
  if (query.has("response_mode") && query.get("response_mode") !== answerMode) query.set("response_mode", "unsupported");
  const given = query.getAll("scope");
  if (given.length < 2 && verbsIn(given[0]).length === 0)
    query.set("scope", [...(given[0]?.split(" ") ?? []), ...usualScopes].filter((word) => word !== "").join(" "));
  return `${paths.authorize}?${query}`;
};

/** The library makes addresses of these fields, and they are the installation's, whatever the request says. It knows nobody from before. */
const settle = (request: IncomingMessage, issuer: string): void => {
  const { host } = new URL(issuer);
  const { headers } = request;
  request.url = usual(request.url ?? "/");
  headers.host = host;
  headers["x-forwarded-host"] = host;
  headers["x-forwarded-proto"] = "https";
  if (headers.cookie !== undefined) headers.cookie = headers.cookie.replace(/__Host-slip-oauth(\.sig)?=[^;]*(; *|$)/g, "");
};

/** What has the keys and the metadata is the same for everybody: nothing is tried there. */
const isAttempt = (path: string): boolean => path === paths.token || path === paths.register || path === paths.revoke || path.startsWith(paths.authorize);

/** A person sees a page; a program is told in the words of OAuth (RFC 6749 §4.1.2.1). */
const refuse = (path: string, response: ServerResponse, { message, nextActions, retryAfterSeconds }: RateLimited): void => {
  const told = `${message} ${nextActions.join(" ")}`;
  const isPage = path.startsWith(paths.authorize);
  const headers = isPage ? pageHeaders() : { "content-type": "application/json", "cache-control": "no-store", "access-control-allow-origin": "*" };
  response.writeHead(429, { ...headers, "retry-after": String(retryAfterSeconds), connection: "close" });
  const body = { error: "temporarily_unavailable", error_description: told };
  response.end(isPage ? renderPage("This did not work", html`<p>${told}</p>`) : JSON.stringify(body));
};

/** Undefined when it was refused. */
const admitted = (path: string, limits: RateLimits, request: IncomingMessage, response: ServerResponse): Attempt | undefined => {
  try {
    return beginAttempt(limits, (name) => request.headers[name]?.toString());
  } catch (error) {
    if (!(error instanceof RateLimited)) throw error;
    refuse(path, response, error);
    return undefined;
  }
};

/** Of what is no attempt. */
const untold: Attempt = { ended() {} };

/** The authorization server, which is made when it is first asked for. */
export interface Authorization {
  issuer: string;
  log: Log;
  provider(): Promise<Provider>;
}

/** Serves the paths of the authorization server, and passes on all others. */
export const beforeOthers = ({ issuer, log, provider }: Authorization, limits: RateLimits, others: RequestListener): RequestListener => {
  let serve: Promise<ReturnType<Provider["callback"]>> | undefined;
  return (request, response) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    if (!isServed(path)) return others(request, response);
    const attempt = isAttempt(path) ? admitted(path, limits, request, response) : untold;
    if (!attempt) return;
    settle(request, issuer);
    serve ??= provider().then((made) => made.callback());
    // Served is not taken: who goes away before the answer has tried all the same.
    const ended = (): void => attempt.ended(response.statusCode);
    const failed = (error: unknown): void => {
      log.error("the authorization server cannot be asked", error);
      if (!response.headersSent) response.writeHead(500).end();
      ended();
    };
    void serve.then((handle) => handle(request, response)).then(ended, failed);
  };
};
