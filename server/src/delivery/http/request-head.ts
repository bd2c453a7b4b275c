// The head of a request: parsed strictly, and split into what decides (framing, host, connection) and what is passed on.
import { readConnection, withoutFields } from "./connection-options.ts";
import { type Field, isName, newField, readField, readLength, SP, skip, targetCharacters, tokenCharacters } from "./field.ts";

/** Why a request is refused: the status that says so, and words for the log. */
export interface Refusal {
  status: number;
  reason: string;
}
const refuse = (status: number, reason: string): Refusal => ({ status, reason });

/** What a field of a request is to the proxy. `drop` covers hop-by-hop fields and those that only the edge may set. */
type Kind = "keep" | "drop" | "host" | "connection" | "length" | "encoding" | "upgrade" | "expect" | "te" | "request-id" | "prove" | "accept";

const dropped = ["trailer", "forwarded", "x-real-ip", "keep-alive", "proxy-connection", "proxy-authorization", "http2-settings"];

const kindByLength = (bytes: Uint8Array, start: number, size: number): Kind => {
  const is = (name: string): boolean => isName(bytes, start, name);
  switch (size) {
    case 2:
      return is("te") ? "te" : "keep";
    case 4:
      return is("host") ? "host" : "keep";
    case 6:
      return is("accept") ? "accept" : is("expect") ? "expect" : "keep";
    case 7:
      return is("upgrade") ? "upgrade" : is("trailer") ? "drop" : "keep";
    case 10:
      return is("connection") ? "connection" : is("keep-alive") ? "drop" : "keep";
    case 12:
      return is("x-request-id") ? "request-id" : "keep";
    case 14:
      return is("content-length") ? "length" : is("http2-settings") ? "drop" : "keep";
    case 17:
      return is("transfer-encoding") ? "encoding" : "keep";
    default:
      return dropped.some((name) => name.length === size && is(name)) ? "drop" : "keep";
  }
};

const kindOf = (bytes: Uint8Array, field: Field): Kind => {
  const start = field.nameStart;
  const size = field.nameEnd - start;
  const first = (bytes[start] ?? 0) | 0x20;
  if (first === 0x78 && size > 11 && isName(bytes, start, "x-forwarded-")) return "drop";
  if (first === 0x73 && size > 4 && isName(bytes, start, "slip-")) return size === 10 && isName(bytes, start, "slip-prove") ? "prove" : "drop";
  return kindByLength(bytes, start, size);
};

/** Some servers read "X_Forwarded_For" as "X-Forwarded-For": such a twin of a field that is not simply passed on is dropped. */
const kindOfTwin = (bytes: Uint8Array, field: Field): Kind => {
  const name = Buffer.from(bytes.subarray(field.nameStart, field.nameEnd)).toString("latin1").replaceAll("_", "-");
  const twin = { ...field, nameStart: 0, nameEnd: name.length };
  const kind = kindOf(Buffer.from(name, "latin1"), twin);
  return kind === "keep" || kind === "accept" ? "keep" : "drop";
};

const validHost = /^(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
const validRequestId = /^[A-Za-z0-9._:=+/@-]{1,128}$/;

/** The request that is being read. One object serves a connection: every field is set anew by each `parse`. */
export class RequestHead {
  method = "";
  /** Path and query, or "*". */
  target = "";
  /** Minor version: 0 or 1. */
  minor = 1;
  host = "";
  /** Bytes of the body; -1 = chunked. */
  length = 0;
  /** Field lines that are passed on as they came. */
  kept = "";
  keepAlive = true;
  /** The protocol that the client asks to change to, "" = none. */
  upgrade = "";
  requestId = "";
  prove = "";
  accept = "";
  /** The client reads what comes after a body. */
  trailers: boolean = false;
  readonly #field = newField();
  #connection = "";
  #hosts = 0;
  #lengths = 0;
  #encodings = 0;

  /** Reads a head, from `start` to before the empty line, `end` being after the CRLF of the last line. Gives why it is refused, or undefined. */
  parse(bytes: Buffer, start: number, end: number): Refusal | undefined {
    this.#reset();
    const text = bytes.toString("latin1", start, end);
    const first = this.#readLine(bytes, start, text);
    if (typeof first !== "number") return first;
    let line = first;
    let run = line;
    while (line < end) {
      const next = readField(bytes, line, this.#field);
      if (next < 0 || next > end) return refuse(400, "a field line is malformed");
      if (!this.#take(bytes, text, start)) {
        if (run < line) this.kept += text.slice(run - start, line - start);
        run = next;
      }
      line = next;
    }
    if (run < end) this.kept = this.kept === "" ? text.slice(run - start) : this.kept + text.slice(run - start);
    return this.#conclude();
  }

  #reset(): void {
    this.host = this.kept = this.upgrade = this.requestId = this.prove = this.accept = this.#connection = "";
    this.length = this.#hosts = this.#lengths = this.#encodings = 0;
    this.trailers = false;
  }

  /** The request line. Gives the index of the first field line. */
  #readLine(bytes: Buffer, start: number, text: string): number | Refusal {
    const method = skip(bytes, tokenCharacters, start);
    if (method === start || method - start > 32 || bytes[method] !== SP) return refuse(400, "the method is malformed");
    const target = skip(bytes, targetCharacters, method + 1);
    if (target === method + 1 || bytes[target] !== SP) return refuse(400, "the request target is malformed");
    this.method = text.slice(0, method - start);
    this.target = text.slice(method + 1 - start, target - start);
    const version = text.slice(target + 1 - start, target + 11 - start);
    if (version === "HTTP/1.1\r\n") this.minor = 1;
    else if (version === "HTTP/1.0\r\n") this.minor = 0;
    else return /^HTTP\/\d\.\d\r\n$/.test(version) ? refuse(505, "the version is not supported") : refuse(400, "the version is malformed");
    this.keepAlive = this.minor === 1;
    return target + 11;
  }

  /** Takes notice of the field that was read; true = it is passed on as it is. */
  #take(bytes: Buffer, text: string, start: number): boolean {
    const field = this.#field;
    const kind = field.underscore ? kindOfTwin(bytes, field) : kindOf(bytes, field);
    if (kind === "keep") return true;
    if (kind !== "drop") this.#note(kind, text.slice(field.valueStart - start, field.valueEnd - start));
    return kind === "accept" || kind === "expect";
  }

  #note(kind: Exclude<Kind, "keep" | "drop">, value: string): void {
    if (kind === "host") {
      this.host = value;
      this.#hosts += 1;
    } else if (kind === "length") {
      this.length = readLength(value);
      this.#lengths += 1;
    } else if (kind === "encoding") {
      this.#encodings += value.toLowerCase() === "chunked" ? 1 : 2;
    } else if (kind === "connection") this.#connection = this.#connection === "" ? value : `${this.#connection},${value}`;
    else if (kind === "upgrade") this.upgrade = value;
    else if (kind === "request-id") this.requestId = validRequestId.test(value) ? value : "";
    else if (kind === "prove") this.prove = value;
    else if (kind === "accept") this.accept = value;
    else if (kind === "te") this.trailers ||= /(?:^|,)[ \t]*trailers[ \t]*(?:[,;]|$)/i.test(value);
  }

  /** What only all fields together tell. */
  #conclude(): Refusal | undefined {
    if (this.method === "CONNECT" || this.method === "TRACE") return refuse(405, `${this.method} is not served`);
    if (this.#hosts !== 1) return refuse(400, this.#hosts === 0 ? "there is no Host" : "there are several Hosts");
    if (!validHost.test(this.host)) return refuse(400, "the Host is malformed");
    if (this.target.charCodeAt(0) !== 47) {
      const refusal = this.#resolveTarget();
      if (refusal) return refusal;
    }
    const refusal = this.#connection !== "" || this.upgrade !== "" ? this.#concludeConnection() : undefined;
    return refusal ?? this.#concludeFraming();
  }

  /** The absolute form becomes the origin form, and its host is the one that counts (RFC 9112, 3.2.2); "*" stays, for OPTIONS alone. */
  #resolveTarget(): Refusal | undefined {
    if (this.target === "*") return this.method === "OPTIONS" ? undefined : refuse(400, "the request target is malformed");
    const absolute = /^https?:\/\/([^/?#]+)([^#]*)$/i.exec(this.target);
    const [, host = "", rest = ""] = absolute ?? [];
    // No account in it: that is how a name is made to look like another (RFC 9110, 4.2.4).
    if (!validHost.test(host)) return refuse(400, "the request target is malformed");
    this.host = host;
    this.target = rest.startsWith("/") ? rest : `/${rest}`;
    return undefined;
  }

  #concludeConnection(): Refusal | undefined {
    const options = readConnection(this.#connection);
    if (!options) return refuse(400, "Connection has too many options");
    if (options.close) this.keepAlive = false;
    this.kept = withoutFields(this.kept, options.fields);
    // A tunnel must stay what its name says: HTTP/2 or TLS inside of one would pass unread (request smuggling by h2c).
    const refused = !/^[A-Za-z0-9.-]{1,64}(\/[A-Za-z0-9.-]{1,32})?$/.test(this.upgrade) || /^(h2|h2c|http|tls)(\/|$|-)/i.test(this.upgrade);
    if (!options.upgrade || refused || this.minor === 0) this.upgrade = "";
    return undefined;
  }

  #concludeFraming(): Refusal | undefined {
    if (this.#lengths === 0 && this.#encodings === 0) return undefined;
    if (this.#encodings > 0) {
      if (this.#lengths > 0) return refuse(400, "Content-Length and Transfer-Encoding are both there");
      if (this.minor === 0) return refuse(400, "Transfer-Encoding in HTTP/1.0");
      if (this.#encodings > 1) return refuse(501, "the Transfer-Encoding is not chunked alone");
      this.length = -1;
    } else if (this.#lengths > 1) return refuse(400, "there are several Content-Lengths");
    else if (this.length < 0) return refuse(400, "the Content-Length is malformed");
    // A tunnel begins where the request ends: with a body under way that place is not certain.
    if (this.length !== 0) this.upgrade = "";
    return undefined;
  }
}
