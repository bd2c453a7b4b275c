// What an app that speaks HTTP/2 alone is to the proxy: a connection that speaks HTTP/1.1. What is written to it is a request as text, what
// is read from it the answer. The reverse of stream-socket.ts.
import http2, {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from "node:http2";
import { Duplex } from "node:stream";
import { BodyDecoder } from "../http/body.ts";
import { listed } from "./answer-fields.ts";
import { connectionFields } from "./request-text.ts";

const headEnd = "\r\n\r\n";
type Done = (error?: Error | null) => void;

/** The head of a request, as HTTP/2 has it, and how its body is framed in the text. */
interface Request {
  fields: OutgoingHttpHeaders;
  method: string;
  body: "none" | "length" | "chunked";
  length: number;
}

/** Reads what the edge itself has written. Pure. */
export const requestOf = (head: string): Request => {
  const [line = "", ...lines] = head.split("\r\n");
  const [method = "", path = ""] = line.split(" ");
  const fields: [string, string][] = [];
  let [authority, length] = ["", 0];
  let isChunked = false;
  for (const each of lines) {
    const colon = each.indexOf(":");
    const [name, value] = [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()];
    if (name === "host") authority = value;
    else if (name === "transfer-encoding") isChunked = true;
    else if (!connectionFields.has(name)) fields.push([name, value]);
    if (name === "content-length") length = Number(value);
  }
  const pseudo = { ":method": method, ":path": path, ":scheme": "http", ":authority": authority };
  return { fields: { ...pseudo, ...listed(fields), te: "trailers" }, method, length, body: isChunked ? "chunked" : length > 0 ? "length" : "none" };
};

/** What would begin another line. */
const breaks = /[\r\n\0]/;

const linesOf = (fields: IncomingHttpHeaders): string =>
  Object.entries(fields)
    .filter(([name]) => !name.startsWith(":") && !connectionFields.has(name))
    .flatMap(([name, value = ""]) => [value].flat().map((each) => [name, each] as const))
    .map(([name, value]) => (breaks.test(value) ? "" : `${name}: ${value}\r\n`))
    .join("");

export class AppSocket extends Duplex {
  readonly #session: ClientHttp2Session;
  readonly #decoder = new BodyDecoder();
  #stream: ClientHttp2Stream | undefined;
  /** A head that is not whole yet. */
  #text = "";
  #isChunked: boolean = false;
  #trailers = "";

  constructor(session: ClientHttp2Session) {
    super({ allowHalfOpen: true });
    this.#session = session;
  }

  // ── the request ───────────────────────────────────────────────────────────

  override _write(chunk: Buffer, _: BufferEncoding, done: Done): void {
    if (this.#stream !== undefined) {
      this.#pass(this.#stream, chunk, 0, done);
      return;
    }
    this.#text += chunk.toString("latin1");
    const end = this.#text.indexOf(headEnd);
    if (end < 0) {
      done();
      return;
    }
    const rest = this.#text.length - end - headEnd.length;
    const request = requestOf(this.#text.slice(0, end));
    this.#text = "";
    this.#decoder.begin(request.body, request.length);
    try {
      this.#stream = this.#begin(request);
    } catch (error) {
      done(error as Error);
      return;
    }
    this.#pass(this.#stream, chunk, chunk.length - rest, done);
  }

  #pass(stream: ClientHttp2Stream, bytes: Buffer, start: number, done: Done): void {
    this.#decoder.decode(bytes, start, bytes.length);
    const { ranges, done: isWhole } = this.#decoder;
    const parts: Buffer[] = [];
    for (let at = 0; at < ranges.length; at += 2) parts.push(bytes.subarray(ranges[at], ranges[at + 1]));
    // An app that has answered takes no more: what is left goes nowhere.
    if (parts.length === 0 || stream.destroyed || stream.writableEnded) done();
    // Its memory is the edge's again once this is done.
    else stream.write(Buffer.concat(parts), () => done());
    if (isWhole && !stream.writableEnded) stream.end();
  }

  #begin({ fields, method }: Request): ClientHttp2Stream {
    const stream = this.#session.request(fields, { endStream: this.#decoder.done });
    this.#trailers = "";
    stream.on("headers", (interim) => this.push(`HTTP/1.1 ${interim[":status"]} \r\n${linesOf(interim)}\r\n`, "latin1"));
    stream.on("response", (answer, flags) => this.#answer(method, answer, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0));
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    stream.on("trailers", (trailers) => {
      this.#trailers = linesOf(trailers);
    });
    stream.on("end", () => this.#ended(stream));
    stream.on("error", () => {});
    stream.on("close", () => this.#stream === stream && this.destroy());
    return stream;
  }

  // ── the answer ────────────────────────────────────────────────────────────

  #answer(method: string, fields: IncomingHttpHeaders & IncomingHttpStatusHeader, isWhole: boolean): void {
    const status = fields[":status"] ?? 0;
    const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
    const isFramed = !hasBody || fields["content-length"] !== undefined;
    this.#isChunked = !isFramed && !isWhole;
    const framing = isFramed ? "" : isWhole ? "content-length: 0\r\n" : "transfer-encoding: chunked\r\n";
    this.push(`HTTP/1.1 ${status} \r\n${linesOf(fields)}${framing}\r\n`, "latin1");
  }

  #take(chunk: Buffer): void {
    if (chunk.length === 0) return;
    const framed = this.#isChunked ? Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")]) : chunk;
    if (!this.push(framed)) this.#stream?.pause();
  }

  override _read(): void {
    this.#stream?.resume();
  }

  /** The answer is whole. The next request is another stream. */
  #ended(stream: ClientHttp2Stream): void {
    if (this.#stream !== stream || stream.rstCode !== constants.NGHTTP2_NO_ERROR || stream.aborted) return;
    const isSent = stream.writableEnded;
    if (this.#isChunked) this.push(`0\r\n${this.#trailers}\r\n`, "latin1");
    if (isSent) this.#stream = undefined;
  }

  override _final(done: Done): void {
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.close(constants.NGHTTP2_CANCEL);
    done(error);
  }

  // ── what only a connection has ────────────────────────────────────────────

  setKeepAlive(): void {}

  /** Carries no request. */
  get isIdle(): boolean {
    return this.#stream === undefined;
  }
}

/** An app cannot make the edge keep more than this for it. */
const bounds = { maxSessionMemory: 10, maxSendHeaderBlockLength: 2 ** 17 };
const windowBytes = { stream: 256 * 1_024, connection: 2 ** 20 };

/** The one connection to an app over which all its requests go, for as long as there are requests for it. */
export class AppSession {
  readonly #url: string;
  readonly #headerBytes: number;
  #current: { session: ClientHttp2Session; sockets: Set<AppSocket> } | undefined;

  /** `authority`: "10.1.2.3:3000". */
  constructor(authority: string, headerBytes: number) {
    this.#url = `http://${authority}`;
    this.#headerBytes = headerBytes;
  }

  /** Gives what emits `connect` when there is a connection, and `close` when there is none any more. */
  open(): AppSocket {
    const { session, sockets } = this.#usable();
    const socket = new AppSocket(session);
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0) this.#end(session);
    });
    if (!session.connecting) setImmediate(() => socket.destroyed || socket.emit("connect"));
    return socket;
  }

  #usable(): { session: ClientHttp2Session; sockets: Set<AppSocket> } {
    const { session: known } = this.#current ?? {};
    if (this.#current && known && !known.closed && !known.destroyed) return this.#current;
    const session = http2.connect(this.#url, {
      ...bounds,
      settings: { enablePush: false, maxHeaderListSize: this.#headerBytes, initialWindowSize: windowBytes.stream },
    });
    const sockets = new Set<AppSocket>();
    session.on("connect", () => {
      session.setLocalWindowSize(windowBytes.connection);
      for (const socket of sockets) socket.emit("connect");
    });
    session.on("error", () => {});
    // What is under way goes on; nothing new may begin.
    session.on("goaway", () => {
      for (const socket of sockets) if (socket.isIdle) socket.destroy();
    });
    session.on("close", () => {
      for (const socket of sockets) socket.destroy();
    });
    this.#current = { session, sockets };
    return this.#current;
  }

  #end(session: ClientHttp2Session): void {
    if (this.#current?.session === session) this.#current = undefined;
    if (session.connecting) session.destroy();
    else if (!session.closed) session.close();
  }
}
