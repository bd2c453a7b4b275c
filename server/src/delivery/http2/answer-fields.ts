// The head of an answer as HTTP/2 has it (RFC 9113 §8.3.2): names in lower case, nothing that is of one connection alone.
import type { OutgoingHttpHeaders } from "node:http2";
import type { ResponseHead } from "../http/response-head.ts";
import { connectionFields } from "./request-text.ts";

/** Lines of one name are one list, but for Set-Cookie, whose values hold commas (RFC 9110 §5.3). Pure. */
export const answerFields = (head: Pick<ResponseHead, "status" | "kept" | "length">): OutgoingHttpHeaders => {
  const fields: OutgoingHttpHeaders = { ":status": head.status };
  const cookies: string[] = [];
  for (const line of head.kept.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const [name, value] = [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    if (name === "set-cookie") cookies.push(value);
    else if (!connectionFields.has(name)) fields[name] = fields[name] === undefined ? value : `${fields[name]}, ${value}`;
  }
  if (cookies.length > 0) fields["set-cookie"] = cookies;
  if (head.length >= 0 && head.status !== 204) fields["content-length"] = String(head.length);
  return fields;
};
