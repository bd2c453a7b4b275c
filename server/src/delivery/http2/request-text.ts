// An HTTP/2 request as HTTP/1.1 text (RFC 9113 §8.3, §8.2.3). What it says is judged by the parser of HTTP/1.1, as every request is.

/** Pseudo fields and fields as they came: name, value, name, value … (names in lower case). */
export type RawFields = readonly string[];

/** Of one connection alone, and not allowed in HTTP/2 (RFC 9113 §8.2.2). */
export const connectionFields: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

export type RequestText = { kind: "text"; text: string; body: "none" | "length" | "chunked" } | { kind: "malformed" };

interface Read {
  pseudo: Map<string, string>;
  lines: string[];
  hosts: string[];
  cookies: string[];
  hasLength: boolean;
}

const malformed: RequestText = { kind: "malformed" };

/** What would begin another line, or end a string of C. */
const breaks = /[\r\n\0]/;

const readFields = (fields: RawFields): Read | undefined => {
  const read: Read = { pseudo: new Map(), lines: [], hosts: [], cookies: [], hasLength: false };
  for (let at = 0; at < fields.length; at += 2) {
    const [name = "", value = ""] = [fields[at], fields[at + 1]];
    if (breaks.test(name) || breaks.test(value) || connectionFields.has(name)) return undefined;
    if (name.startsWith(":")) {
      if (read.pseudo.has(name)) return undefined;
      read.pseudo.set(name, value);
    } else if (name === "host") read.hosts.push(value);
    else if (name === "cookie") read.cookies.push(value);
    else {
      read.hasLength ||= name === "content-length";
      read.lines.push(`${name}: ${value}\r\n`);
    }
  }
  return read;
};

/** The head as text, and how its body is to be framed; `ends`: nothing comes after the head. Pure. */
export const requestTextOf = (fields: RawFields, ends: boolean): RequestText => {
  const read = readFields(fields);
  if (!read) return malformed;
  const { pseudo, lines, hosts, cookies, hasLength } = read;
  const [method, path, scheme, authority = hosts[0]] = [":method", ":path", ":scheme", ":authority"].map((name) => pseudo.get(name));
  if (!method || !path || authority === undefined || scheme !== "https") return malformed;
  // Two names for one request: whoever looks at the other one would serve somebody else.
  if (/\s/.test(method + path) || hosts.some((host) => host.toLowerCase() !== authority.toLowerCase())) return malformed;
  const body = ends ? "none" : hasLength ? "length" : "chunked";
  const cookie = cookies.length > 0 ? `cookie: ${cookies.join("; ")}\r\n` : "";
  const framing = body === "chunked" ? "transfer-encoding: chunked\r\n" : "";
  return { kind: "text", text: `${method} ${path} HTTP/1.1\r\nhost: ${authority}\r\n${lines.join("")}${cookie}${framing}\r\n`, body };
};
