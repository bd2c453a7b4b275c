// One request to a static site: GET and HEAD, conditional and ranged.
import { createReadStream } from "node:fs";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { mediaType } from "./media-types.ts";
import { rangeOf } from "./range.ts";
import type { Site, SiteFile } from "./site.ts";

const say = (response: ServerResponse, status: number, text: string, headers: OutgoingHttpHeaders = {}): void => {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "content-length": Buffer.byteLength(text), ...headers });
  response.end(text);
};

/** A name with a hash of its content in it never changes what it means; everything else is asked for again, cheaply. */
const cacheControl = (urlPath: string): string =>
  /[.-](?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{8,}\.\w+$/.test(urlPath) ? "public, max-age=31536000, immutable" : "public, max-age=0, must-revalidate";

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined && (header.trim() === "*" || header.split(",").some((each) => each.trim().replace(/^W\//, "") === etag));

const headersOf = (file: SiteFile, urlPath: string, status: number): OutgoingHttpHeaders => ({
  "content-type": mediaType(file.encoding === undefined ? file.path : file.path.replace(/\.(br|gz)$/, "")),
  "cache-control": status === 200 ? cacheControl(urlPath) : "no-cache",
  etag: file.etag,
  vary: "accept-encoding",
  "x-content-type-options": "nosniff",
  ...(file.encoding === undefined ? { "accept-ranges": "bytes" } : { "content-encoding": file.encoding }),
});

/** What was asked goes on to where a redirect leads, unless that says something itself. */
const withQuery = (location: string, query: string | undefined): string => (query === undefined || /[?#]/.test(location) ? location : `${location}?${query}`);

const sendFile = ({ site, file, status }: { site: Site; file: SiteFile; status: number }, request: IncomingMessage, response: ServerResponse): void => {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  const headers = { ...headersOf(file, path, status), ...site.headers(path) };
  if (status === 200 && matches(request.headers["if-none-match"], file.etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  const fresh = request.headers["if-range"] === undefined || request.headers["if-range"] === file.etag;
  const range =
    status === 200 && file.encoding === undefined && fresh && request.method === "GET" ? rangeOf(request.headers.range, file.size) : { kind: "all" as const };
  if (range.kind === "unsatisfiable") {
    say(response, 416, "There is no such range.\n", { "content-range": `bytes */${file.size}` });
    return;
  }
  const { start, end } = range.kind === "part" ? range : { start: 0, end: file.size - 1 };
  const partial = range.kind === "part" ? { "content-range": `bytes ${start}-${end}/${file.size}` } : {};
  response.writeHead(range.kind === "part" ? 206 : status, { ...headers, ...partial, "content-length": end - start + 1 });
  if (request.method === "HEAD" || file.size === 0) {
    response.end();
    return;
  }
  const content = createReadStream(file.path, { start, end });
  content.on("error", () => response.destroy());
  response.on("close", () => content.destroy());
  content.pipe(response);
};

export const answer = (site: Site, request: IncomingMessage, response: ServerResponse): void => {
  const [path = "/", query] = (request.url ?? "/").split("?");
  const isRead = request.method === "GET" || request.method === "HEAD";
  const found = isRead ? site.find(path, String(request.headers["accept-encoding"] ?? "")) : { kind: "refused" as const };
  if (found.kind === "file") sendFile({ site, ...found }, request, response);
  else if (found.kind === "redirect") say(response, found.status, "", { ...site.headers(path), location: withQuery(found.location, query) });
  else if (found.kind === "absent") say(response, 404, "There is nothing here.\n");
  else if (found.kind === "bad") say(response, 400, "That is not a path.\n");
  else say(response, 405, "Only GET and HEAD.\n", { allow: "GET, HEAD" });
};
