// The head of an answer of an app: parsed as strictly as a request, since its framing decides where the next answer begins.
import { readConnection, withoutFields } from "./connection-options.ts";
import { type Field, isName, newField, readField, readLength } from "./field.ts";

type Kind = "keep" | "drop" | "asleep" | "connection" | "length" | "encoding" | "upgrade" | "keep-alive" | "date" | "request-id";

const kindOf = (bytes: Uint8Array, field: Field): Kind => {
  const start = field.nameStart;
  const is = (name: string): boolean => isName(bytes, start, name);
  const size = field.nameEnd - start;
  if (size > 4 && ((bytes[start] ?? 0) | 0x20) === 0x73 && is("slip-")) return size === 11 && is("slip-asleep") ? "asleep" : "drop";
  switch (size) {
    case 4:
      return is("date") ? "date" : "keep";
    case 7:
      return is("upgrade") ? "upgrade" : is("trailer") ? "drop" : "keep";
    case 10:
      return is("connection") ? "connection" : is("keep-alive") ? "keep-alive" : "keep";
    case 12:
      return is("x-request-id") ? "request-id" : "keep";
    case 14:
      return is("content-length") ? "length" : "keep";
    case 16:
      return is("proxy-connection") ? "drop" : "keep";
    case 17:
      return is("transfer-encoding") ? "encoding" : "keep";
    default:
      return "keep";
  }
};

const streams = /^content-type:[ \t]*(?:text\/event-stream|application\/grpc)/im;

/** The answer that is being read. One object serves a connection: every field is set anew by each `parse`. */
export class ResponseHead {
  status = 0;
  /** "200 OK": status and reason as they came. */
  line = "";
  /** Bytes of the body; -1 = chunked; -2 = until the connection ends. Before it is known whether the answer may have a body at all. */
  length = -2;
  kept = "";
  keepAlive = true;
  /** How long the app keeps an idle connection, in seconds; 0 = it does not say. */
  keepAliveSeconds = 0;
  upgrade = "";
  hasDate: boolean = false;
  hasRequestId: boolean = false;
  /** What has answered has no program for the request: nothing was done with it. */
  isAsleep: boolean = false;
  /** It is of a kind that goes on for as long as both sides want: server-sent events (HTML Living Standard §9.2), or gRPC. */
  get isStream(): boolean {
    return this.length < 0 && streams.test(this.kept);
  }
  readonly #field = newField();
  #connection = "";
  #lengths = 0;
  #encodings = 0;

  /** Reads a head, `end` being after the CRLF of its last line. Gives why it cannot be used, or undefined. */
  parse(bytes: Buffer, start: number, end: number): string | undefined {
    this.#reset();
    const text = bytes.toString("latin1", start, end);
    const lineEnd = text.indexOf("\r\n");
    const status = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(text.slice(0, lineEnd));
    if (!status) return "its status line is malformed";
    this.status = Number(status[2]);
    this.line = `${status[2]} ${status[3] ?? ""}`;
    this.keepAlive = status[1] === "1";
    let line = start + lineEnd + 2;
    let run = line;
    while (line < end) {
      const next = readField(bytes, line, this.#field);
      if (next < 0 || next > end) return "a field line is malformed";
      if (!this.#take(bytes, text, start)) {
        if (run < line) this.kept += text.slice(run - start, line - start);
        run = next;
      }
      line = next;
    }
    if (run < end) this.kept = this.kept === "" ? text.slice(run - start) : this.kept + text.slice(run - start);
    return this.#conclude(status[1] === "1");
  }

  #reset(): void {
    this.kept = this.upgrade = this.#connection = "";
    this.keepAliveSeconds = this.#lengths = this.#encodings = 0;
    this.length = -2;
    this.hasDate = this.hasRequestId = this.isAsleep = false;
  }

  #take(bytes: Buffer, text: string, start: number): boolean {
    const kind = kindOf(bytes, this.#field);
    if (kind === "keep") return true;
    if (kind === "date") this.hasDate = true;
    else if (kind === "request-id") this.hasRequestId = true;
    else if (kind === "asleep") this.isAsleep = true;
    else if (kind !== "drop") this.#note(kind, text.slice(this.#field.valueStart - start, this.#field.valueEnd - start));
    return kind === "date" || kind === "request-id";
  }

  #note(kind: "connection" | "length" | "encoding" | "upgrade" | "keep-alive", value: string): void {
    if (kind === "length") {
      const length = readLength(value);
      // The same length said twice is one length; two lengths are none.
      this.length = this.#lengths > 0 && length !== this.length ? -3 : length < 0 ? -3 : length;
      this.#lengths += 1;
    } else if (kind === "encoding") this.#encodings += value.toLowerCase() === "chunked" ? 1 : 2;
    else if (kind === "connection") this.#connection = this.#connection === "" ? value : `${this.#connection},${value}`;
    else if (kind === "upgrade") this.upgrade = value;
    else this.keepAliveSeconds = Number(/(?:^|[,\s])timeout=(\d{1,6})/i.exec(value)?.[1] ?? 0);
  }

  #conclude(persistent: boolean): string | undefined {
    const options = readConnection(this.#connection);
    if (!options) return "its Connection has too many options";
    if (options.close) this.keepAlive = false;
    this.kept = withoutFields(this.kept, options.fields);
    if (this.#encodings > 0) {
      if (this.#lengths > 0) return "it has both Content-Length and Transfer-Encoding";
      if (this.#encodings > 1 || !persistent) return "its Transfer-Encoding is not chunked alone";
      this.length = -1;
    } else if (this.length === -3) return "its Content-Length is malformed";
    return undefined;
  }
}
