// What comes after a body (RFC 9110 §6.5): passed on to clients that ask for it, as gRPC does, and only what is harmless there.
import { newField, readField } from "./field.ts";

/** What frames, routes or controls a message, or lets somebody in, means nothing after it, and might to somebody (RFC 9110 §6.5.1). */
const headOnly: ReadonlySet<string> = new Set(
  `age authorization cache-control connection content-encoding content-length content-range content-type cookie date expires forwarded
  host http2-settings keep-alive location proxy-authenticate proxy-authorization proxy-connection retry-after set-cookie te trailer transfer-encoding
  upgrade vary via www-authenticate x-request-id`.split(/\s+/),
);

const isPassed = (name: string): boolean => !headOnly.has(name) && !name.startsWith("slip-") && !name.startsWith("x-forwarded-");

/** Names, in lower case, and values of the lines that may be passed on. Nothing of lines that are no fields. Pure. */
export const trailersOf = (lines: string): [name: string, value: string][] => {
  const bytes = Buffer.from(lines, "latin1");
  const field = newField();
  const found: [string, string][] = [];
  for (let at = 0; at < bytes.length; ) {
    at = readField(bytes, at, field);
    if (at < 0) return [];
    found.push([lines.slice(field.nameStart, field.nameEnd).toLowerCase(), lines.slice(field.valueStart, field.valueEnd)]);
  }
  return found.filter(([name]) => isPassed(name));
};

/** The same as lines. */
export const passedTrailers = (lines: string): string =>
  trailersOf(lines)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
