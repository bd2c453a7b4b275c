// Fetching what a stranger names: the document of a client, and its keys. https on public addresses alone, without redirects, in bounds.
import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, buildConnector, fetch as undiciFetch } from "undici";
import { isPublicAddress } from "#platform/public-address.ts";

/** The address of a document: a name with a dot in it, at the usual port, with a path. A name that is an address or this machine's is none. */
export const isDocumentAddress = (text: string): boolean => {
  const url = URL.parse(text);
  if (url?.protocol !== "https:" || url.port !== "" || url.username !== "" || url.password !== "" || url.pathname === "/") return false;
  const host = url.hostname.replace(/\.$/, "");
  if (isIP(host.replace(/^\[|\]$/g, "")) !== 0 || !host.includes(".")) return false;
  return !/\.(localhost|local|internal|home\.arpa)$/.test(host) && text.length <= 512;
};

/** Strangers cannot make us ask much of others. */
const atOnce = 8;

export interface FetchParts {
  lookup: LookupFunction;
  isAllowed(address: string): boolean;
  /** Where a test has its server: PEM of the authority, and the port in place of 443. */
  server?: { ca: string; port: number };
}

/** Connects to what the name resolved to, and only when every address of it is public: asking twice would let it change in between. */
const guarded = ({ lookup, isAllowed }: FetchParts): LookupFunction =>
  ((host, options, answer) =>
    lookup(host, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found : [];
      const isGood = addresses.length > 0 && addresses.every(({ address }) => isAllowed(address));
      if (error || !isGood) return answer(error ?? new Error(`${host} is not on the public internet`), [], 0);
      const [one] = addresses;
      return options.all ? answer(null, addresses) : answer(null, one?.address ?? "", one?.family ?? 4);
    })) as LookupFunction;

/** `fetch` for what strangers name. Rejects for an address that is not public; the caller bounds the size. */
export const documentFetch = (parts: FetchParts = { lookup: systemLookup as LookupFunction, isAllowed: isPublicAddress }): typeof fetch => {
  const { server } = parts;
  const connect = buildConnector({ lookup: guarded(parts), timeout: 2_000, ...(server && { ca: server.ca }) });
  const dispatcher = new Agent({
    connect: server ? (options, answer) => connect({ ...options, port: String(server.port) }, answer) : connect,
    headersTimeout: 2_500,
    bodyTimeout: 2_500,
    connections: 4,
    maxHeaderSize: 16_384,
    pipelining: 1,
    keepAliveTimeout: 1,
  });
  let waiting = 0;
  return (async (address: string | URL, options: RequestInit = {}) => {
    if (!isDocumentAddress(String(address))) throw new Error("This address is not fetched.");
    if (waiting >= atOnce) throw new Error("Too many documents are being fetched.");
    const { method, body, headers, signal } = options;
    const sent = {
      method: method ?? "GET",
      headers: new Headers(headers),
      signal: signal ?? AbortSignal.timeout(2_500),
      redirect: "manual" as const,
      dispatcher,
    };
    waiting += 1;
    try {
      return await undiciFetch(String(address), { ...sent, ...(body === undefined || body === null ? {} : { body: body as string }) } as never);
    } finally {
      waiting -= 1;
    }
  }) as unknown as typeof fetch;
};
