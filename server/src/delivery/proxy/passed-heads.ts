// Heads as they leave the edge: what was kept of the other side's, and the fields that are the edge's own.
import type { ResponseHead } from "../http/response-head.ts";

export interface PassedRequest {
  method: string;
  target: string;
  host: string;
  /** Field lines that are passed on as they came. */
  kept: string;
  /** Bytes of the body, -1 = chunked. */
  length: number;
  upgrade: string;
  /** Field lines that tell where the request came from. */
  forwarded: string;
  requestId: string;
}

/** Methods that usually have a body say so when it is empty (RFC 9110 §8.6). */
const saysZero = (method: string): boolean => method === "POST" || method === "PUT" || method === "PATCH";

const requestFraming = ({ length, method }: PassedRequest): string => {
  if (length < 0) return "transfer-encoding: chunked\r\n";
  return length > 0 || saysZero(method) ? `content-length: ${length}\r\n` : "";
};

/** The app is always spoken to in HTTP/1.1. Via is due to requests (RFC 9110 §7.6.3), and kept from answers, where it tells nobody anything. */
export const requestText = (request: PassedRequest): string => {
  const upgrade = request.upgrade === "" ? "" : `connection: upgrade\r\nupgrade: ${request.upgrade}\r\n`;
  return `${request.method} ${request.target} HTTP/1.1\r\nhost: ${request.host}\r\n${request.kept}${requestFraming(request)}${upgrade}${request.forwarded}via: 1.1 slipstream\r\nx-request-id: ${request.requestId}\r\n\r\n`;
};

export interface PassedAnswer {
  head: ResponseHead;
  chunked: boolean;
  keepAlive: boolean;
  date: string;
  requestId: string;
  /** Field lines that name the release, for who has the key; else "". */
  proof: string;
}

export const answerText = ({ head, chunked, keepAlive, date, requestId, proof }: PassedAnswer): string => {
  const length = head.length >= 0 && head.status !== 204 ? `content-length: ${head.length}\r\n` : "";
  const framing = chunked ? "transfer-encoding: chunked\r\n" : length;
  const ownDate = head.hasDate ? "" : `date: ${date}\r\n`;
  const id = head.hasRequestId ? "" : `x-request-id: ${requestId}\r\n`;
  return `HTTP/1.1 ${head.line}\r\n${head.kept}${framing}${ownDate}${id}${proof}${keepAlive ? "" : "connection: close\r\n"}\r\n`;
};

/** 100 Continue, 103 Early Hints. */
export const interimText = (head: ResponseHead): string => `HTTP/1.1 ${head.line}\r\n${head.kept}\r\n`;

/** 101: from here on bytes are passed unread. */
export const upgradeText = (head: ResponseHead, asked: string): string =>
  `HTTP/1.1 ${head.line}\r\n${head.kept}connection: upgrade\r\nupgrade: ${head.upgrade === "" ? asked : head.upgrade}\r\n\r\n`;
