// One attempt: a POST to an address that was checked. No redirect is followed, no proxy is used, and time and size have their bounds.
import type http from "node:http";
import https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import tls from "node:tls";
import { limit } from "@slipstream/contract/limits.ts";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import { type Receivers, Unsent } from "./receiver.ts";
import { retryAfterOf } from "./retry.ts";

export interface Posting {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** What came of an attempt: the status of an answer, or why there was none. */
export type Answer = { status: number; retryAfterMs: number | undefined } | { problem: string };

export interface Ways {
  receivers: Receivers;
  /** For https. It keeps no connection, and uses no proxy. */
  agent: https.Agent;
  timeMs?: number;
}

/** Trusts the authorities that the system does, and `authority`. Made once: reading them all takes some milliseconds. */
export const agentTrusting = (authority: string): https.Agent => {
  const ca = [...tls.getCACertificates("default"), ...tls.getCACertificates("system"), authority];
  return new https.Agent({ keepAlive: false, maxCachedSessions: 0, secureContext: tls.createSecureContext({ ca }) });
};

/** A connection to the next address is begun when one does not answer within this time. */
const nextAddressMs = 2_000;

/** Gives what was resolved already, in place of asking again: a name server may answer otherwise the second time. */
const lookupIn =
  (addresses: readonly string[]): LookupFunction =>
  (_, options, told) => {
    const all = addresses.map((address) => ({ address, family: isIP(address) }));
    if (options.all) told(null, all);
    else told(null, all[0]?.address ?? "", all[0]?.family ?? 4);
  };

const request = (url: URL, addresses: readonly string[], of: { posting: Posting; ways: Ways; signal: AbortSignal }): http.ClientRequest => {
  const { posting, ways, signal } = of;
  const options = {
    method: "POST",
    headers: { ...posting.headers, "content-length": Buffer.byteLength(posting.body) },
    lookup: lookupIn(addresses),
    autoSelectFamilyAttemptTimeout: nextAddressMs,
    signal,
  } as const;
  return url.protocol === "http:" ? nodeHttp.request(url, { ...options, agent: false }) : https.request(url, { ...options, agent: ways.agent });
};

/** The status counts once it is there, however the rest of the answer ends. */
const answerTo = (sent: http.ClientRequest, body: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    let head: http.IncomingMessage | undefined;
    const end = (error?: unknown): void => {
      if (head) resolve({ status: head.statusCode ?? 0, retryAfterMs: retryAfterOf(head.headers["retry-after"], Date.now()) });
      else reject(error);
      sent.destroy();
    };
    sent.on("error", end);
    sent.on("response", (answer) => {
      head = answer;
      let sizeBytes = 0;
      answer.on("data", (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes > limit("webhookAnswerBytes")) end();
      });
      answer.on("error", end);
      answer.on("close", end);
    });
    sent.end(body);
  });

const problemOf = (error: unknown, timeMs: number): string => {
  if (error instanceof Unsent) return error.message;
  const { name, code } = error as { name?: string; code?: string };
  if (name === "AbortError" || name === "TimeoutError") return `There was no answer within ${Math.round(timeMs / 1_000)} s.`;
  return `The connection failed (${code ?? "unknown"}).`;
};

/** Never rejects. */
export const send = async (posting: Posting, ways: Ways): Promise<Answer> => {
  const { timeMs = limit("webhookMs") } = ways;
  const signal = AbortSignal.timeout(timeMs);
  try {
    const url = new URL(posting.url);
    const addresses = await ways.receivers.addressesOf(url, signal);
    return await answerTo(request(url, addresses, { posting, ways, signal }), posting.body);
  } catch (error) {
    return { problem: problemOf(error, timeMs) };
  }
};
