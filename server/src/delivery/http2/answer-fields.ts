// The head of an answer as HTTP/2 has it (RFC 9113 §8.3.2): names in lower case, nothing that is of one connection alone.
import type { OutgoingHttpHeaders } from "node:http2";
import type { ResponseHead } from "../http/response-head.ts";
import { connectionFields } from "./request-text.ts";

/** Fields of one name as one list (RFC 9110 §5.3). Pure. */
export const listed = (fields: readonly (readonly [name: string, value: string])[]): Record<string, string> => {
  const lists = new Map<string, string>();
  for (const [name, value] of fields) lists.set(name, lists.has(name) ? `${lists.get(name)}, ${value}` : value);
  return Object.fromEntries(lists);
};

/** Lines of one name are one list, but for Set-Cookie, whose values hold commas (RFC 9110 §5.3). Pure. */
export const answerFields = (head: Pick<ResponseHead, "status" | "kept" | "length">): OutgoingHttpHeaders => {
  const fields: [string, string][] = [];
  const cookies: string[] = [];
  for (const line of head.kept.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const [name, value] = [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    if (name === "set-cookie") cookies.push(value);
    else if (!connectionFields.has(name)) fields.push([name, value]);
  }
  return {
    ":status": head.status,
    ...listed(fields),
    ...(cookies.length > 0 ? { "set-cookie": cookies } : {}),
    ...(head.length >= 0 && head.status !== 204 ? { "content-length": String(head.length) } : {}),
  };
};
