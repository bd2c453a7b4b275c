// What the edge itself says when no app answers: small, complete, never cached, without internals.
import { nodeHttp } from "@slipstream/contract/node-http.ts";

const texts: Readonly<Record<number, string>> = {
  400: "The request is not valid HTTP.",
  404: "No app answers at this address.",
  405: "This method is not served here.",
  408: "The request took too long to arrive.",
  413: "The request is larger than its limit.",
  414: "The request's address is longer than its limit.",
  429: "Too many requests of this client are under way.",
  431: "The request's header fields are larger than their limit.",
  501: "The request uses a transfer encoding that is not served.",
  502: "The app did not give a valid answer.",
  503: "The app cannot take this request now. Try again in a moment.",
  504: "The app did not answer in time.",
  505: "Only HTTP/1.1 and HTTP/1.0 are served here.",
};

export interface Page {
  status: number;
  requestId: string;
  /** Accept of the request, "" when it is not known. */
  accept: string;
  /** In place of the usual sentence. */
  text?: string;
}

const html = (status: number, title: string, text: string, requestId: string): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${status} ${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.5rem}small{color:#666}@media(prefers-color-scheme:dark){body{color:#eee;background:#111}small{color:#999}}</style>
<h1>${status} ${title}</h1><p>${text}</p>${requestId === "" ? "" : `<p><small>Request ${requestId}</small></p>`}</html>
`;

const render = (page: Page, title: string, text: string): [type: string, body: string] => {
  const { status, requestId, accept } = page;
  if (/\btext\/html\b/i.test(accept)) return ["text/html; charset=utf-8", html(status, title, text, requestId)];
  if (/\bapplication\/(?:[\w.-]+\+)?json\b/i.test(accept))
    return ["application/json", `${JSON.stringify({ status, error: title, message: text, requestId })}\n`];
  return ["text/plain; charset=utf-8", `${status} ${title}\n${text}\n${requestId === "" ? "" : `Request ${requestId}\n`}`];
};

/** The whole answer as latin1 text: head, and the body unless the request was HEAD. */
export const pageAnswer = (page: Page, options: { head: boolean; close: boolean; date: string }): string => {
  const title = nodeHttp.STATUS_CODES[page.status] ?? "Error";
  const [type, body] = render(page, title, page.text ?? texts[page.status] ?? "The request cannot be served.");
  const retry = page.status === 503 || page.status === 429 ? "retry-after: 1\r\n" : "";
  const allow = page.status === 405 ? "allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" : "";
  const id = page.requestId === "" ? "" : `x-request-id: ${page.requestId}\r\n`;
  const close = options.close ? "connection: close\r\n" : "";
  const head = `HTTP/1.1 ${page.status} ${title}\r\ndate: ${options.date}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n${id}${retry}${allow}${close}\r\n`;
  return options.head ? head : head + body;
};

/** The answer that sends a client to the same address by HTTPS. */
export const redirectAnswer = (location: string, options: { close: boolean; date: string; requestId: string }): string =>
  `HTTP/1.1 308 Permanent Redirect\r\ndate: ${options.date}\r\nlocation: ${location}\r\ncontent-length: 0\r\nx-request-id: ${options.requestId}\r\n${options.close ? "connection: close\r\n" : ""}\r\n`;
