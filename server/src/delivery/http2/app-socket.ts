// What an app that speaks HTTP/2 alone is to the proxy: a connection that speaks HTTP/1.1, for one request. What is written to it is the
// request as text, what is read from it the answer. The reverse of stream-socket.ts.
import http2, {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from "node:http2";
import net from "node:net";
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
  const cookies: string[] = [];
  let [authority, length] = ["", 0];
  let isChunked = false;
  for (const each of lines) {
    const colon = each.indexOf(":");
    const [name, value] = [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()];
    if (name === "host") authority = value;
    else if (name === "transfer-encoding") isChunked = true;
    else if (name === "cookie") cookies.push(value);
    else if (!connectionFields.has(name)) fields.push([name, value]);
    if (name === "content-length") length = Number(value);
  }
  const pseudo = { ":method": method, ":path": path, ":scheme": "http", ":authority": authority };
  const cookie = cookies.length > 0 ? { cookie: cookies.join("; ") } : {};
  return { fields: { ...pseudo, ...listed(fields), ...cookie, te: "trailers" }, method, length, body: isChunked ? "chunked" : length > 0 ? "length" : "none" };
};

/** What would begin another line. */
const breaks = /[\r\n\0]/;

const linesOf = (fields: IncomingHttpHeaders): string =>
  Object.entries(fields)
    .filter(([name]) => !name.startsWith(":") && !connectionFields.has(name))
    .flatMap(([name, value = ""]) => [value].flat().map((each) => [name, each] as const))
    .map(([name, value]) => (breaks.test(value) ? "" : `${name}: ${value}\r\n`))
    .join("");

/** An app has so long to end an answer all of which is there. */
const lingerMs = 1_000;

/** Begins a stream. Throws where the session has just ended. */
type Ask = (fields: OutgoingHttpHeaders, options: { endStream: boolean }) => ClientHttp2Stream;

export class AppSocket extends Duplex {
  readonly #request: Ask;
  readonly #decoder = new BodyDecoder();
  #stream: ClientHttp2Stream | undefined;
  /** A head that is not whole yet. */
  #text = "";
  #answer: "none" | "begun" | "whole" = "none";
  #isChunked: boolean = false;
  #trailers = "";

  constructor(request: Ask) {
    super({ allowHalfOpen: true });
    this.#request = request;
  }

  // ── the request ───────────────────────────────────────────────────────────

  override _write(chunk: Buffer, _: BufferEncoding, done: Done): void {
    try {
      if (this.#stream === undefined) this.#begin(chunk, done);
      else this.#pass(this.#stream, chunk, done);
    } catch (error) {
      // What HTTP/1.1 allows in a head and HTTP/2 does not; a session that has just ended.
      done(error as Error);
    }
  }

  #begin(chunk: Buffer, done: Done): void {
    this.#text += chunk.toString("latin1");
    const end = this.#text.indexOf(headEnd);
    if (end < 0) {
      done();
      return;
    }
    const rest = this.#text.length - end - headEnd.length;
    const { fields, method, body, length } = requestOf(this.#text.slice(0, end));
    this.#decoder.begin(body, length);
    const stream = this.#request(fields, { endStream: this.#decoder.done });
    this.#stream = stream;
    stream.on("headers", (interim) => this.push(`HTTP/1.1 ${interim[":status"]} \r\n${linesOf(interim)}\r\n`, "latin1"));
    stream.on("response", (answer, flags) => this.#begun(method, answer, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0));
    stream.on("data", (part: Buffer) => this.#take(part));
    stream.on("trailers", (trailers) => {
      this.#trailers = linesOf(trailers);
    });
    stream.on("end", () => this.#ended());
    stream.on("error", () => {});
    // What has come may not have been read yet.
    stream.on("close", () => this.#answer === "whole" || this.destroy());
    this.#pass(stream, chunk.subarray(chunk.length - rest), done);
  }

  #pass(stream: ClientHttp2Stream, bytes: Buffer, done: Done): void {
    this.#decoder.decode(bytes, 0, bytes.length);
    const { ranges } = this.#decoder;
    const parts: Buffer[] = [];
    for (let at = 0; at < ranges.length; at += 2) parts.push(bytes.subarray(ranges[at], ranges[at + 1]));
    const takes = !stream.destroyed && !stream.writableEnded;
    // An app that has answered takes no more: what is left goes nowhere. What is passed is the edge's memory again once this is done.
    if (parts.length === 0 || !takes) done();
    else stream.write(Buffer.concat(parts), () => done());
    if (this.#decoder.done && takes) stream.end();
  }

  // ── the answer ────────────────────────────────────────────────────────────

  #begun(method: string, fields: IncomingHttpHeaders & IncomingHttpStatusHeader, isWhole: boolean): void {
    const status = fields[":status"] ?? 0;
    const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
    const isFramed = !hasBody || fields["content-length"] !== undefined;
    this.#answer = "begun";
    this.#isChunked = !isFramed && !isWhole;
    const framing = isFramed ? "" : isWhole ? "content-length: 0\r\n" : "transfer-encoding: chunked\r\n";
    this.push(`HTTP/1.1 ${status} \r\n${linesOf(fields)}${framing}\r\n`, "latin1");
  }

  #take(part: Buffer): void {
    if (part.length === 0 || this.writableEnded) return;
    const framed = this.#isChunked ? Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]) : part;
    if (!this.push(framed)) this.#stream?.pause();
  }

  override _read(): void {
    this.#stream?.resume();
  }

  /** An app that resets its answer and calls that no error has ended it (RFC 9113 §8.1), unless it has not begun one. */
  #ended(): void {
    if (this.#stream?.rstCode !== constants.NGHTTP2_NO_ERROR || this.#answer === "none" || this.writableEnded) {
      this.destroy();
      return;
    }
    this.#answer = "whole";
    if (this.#isChunked) this.push(`0\r\n${this.#trailers}\r\n`, "latin1");
  }

  // ── its end ───────────────────────────────────────────────────────────────

  /** Who has the whole answer ends it: the app may still have to say that it is whole. */
  override _final(done: Done): void {
    done();
    if (this.#answer === "whole") this.destroy();
    else {
      this.#stream?.resume();
      setTimeout(() => this.destroy(), lingerMs).unref();
    }
  }

  override _destroy(error: Error | null, done: Done): void {
    const stream = this.#stream;
    // A request that is not whole must not look as if it were: `close` would end it before it resets it.
    if (stream && !stream.writableEnded) stream.destroy(new Error("The request was broken off."));
    else stream?.close(constants.NGHTTP2_CANCEL);
    done(error);
  }

  // ── what only a connection has ────────────────────────────────────────────

  setKeepAlive(): void {}
}

/** An app cannot make the edge keep more than this for it. */
const bounds = { maxSessionMemory: 10, maxSendHeaderBlockLength: 2 ** 17 };
const windowBytes = { stream: 256 * 1_024, connection: 2 ** 20 };
/** A connection without requests is kept for so long. */
const idleMs = 4_000;

/** One connection to an app. */
class Link {
  readonly session: ClientHttp2Session;
  readonly #socket: net.Socket;
  #requests = 0;
  #isEnding: boolean = false;

  constructor(authority: string, { headerBytes, connectMs }: LinkLimits) {
    const url = new URL(`http://${authority}`);
    this.#socket = net.connect({ host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 80), noDelay: true });
    this.#socket.setTimeout(connectMs, () => this.#socket.destroy()).once("connect", () => this.#socket.setTimeout(0));
    this.session = http2.connect(url, {
      ...bounds,
      createConnection: () => this.#socket,
      settings: { enablePush: false, maxHeaderListSize: headerBytes, initialWindowSize: windowBytes.stream },
    });
    this.session.setMaxListeners(0);
    this.session.on("connect", () => this.session.destroyed || this.session.setLocalWindowSize(windowBytes.connection));
    this.session.on("error", () => {});
    for (const event of ["goaway", "close"] as const) this.session.on(event, () => this.end());
  }

  get isUsable(): boolean {
    return !this.#isEnding && !this.session.closed && !this.session.destroyed;
  }

  /** Begins a request, which is over when its socket closes. */
  request(socket: AppSocket, ...of: Parameters<Ask>): ClientHttp2Stream {
    const stream = this.session.request(...of);
    this.#requests += 1;
    socket.once("close", () => {
      this.#requests -= 1;
      this.#look();
    });
    return stream;
  }

  /** Begins nothing new, and ends when what is under way has ended. */
  end(): void {
    this.#isEnding = true;
    if (!this.session.closed && !this.session.destroyed) this.session.close();
    this.#look();
  }

  /** Node would wait without limit for an app that does not read, or does not end its side. */
  #look(): void {
    if (this.#isEnding && this.#requests === 0) setTimeout(() => this.#socket.destroy(), lingerMs).unref();
  }
}

interface LinkLimits {
  headerBytes: number;
  connectMs: number;
}

/** All requests to an app go over one connection. */
export class AppSession {
  readonly #authority: string;
  readonly #limits: LinkLimits;
  #link: Link | undefined;
  #sockets = 0;
  #idle: NodeJS.Timeout | undefined;

  /** `authority`: "10.1.2.3:3000". */
  constructor(authority: string, limits: LinkLimits) {
    this.#authority = authority;
    this.#limits = limits;
  }

  /** Gives what emits `connect` when there is a connection, and `close` where there is none, or when the request is over. */
  open(): AppSocket {
    const { session } = this.#usable();
    const socket: AppSocket = new AppSocket((...of) => this.#usable().request(socket, ...of));
    this.#sockets += 1;
    clearTimeout(this.#idle);
    socket.once("close", () => this.#closed());
    const connected = (): void => void (socket.destroyed || socket.emit("connect"));
    if (!session.connecting) setImmediate(connected);
    else {
      const failed = (): void => void socket.destroy();
      session.once("connect", connected).once("close", failed);
      socket.once("connect", () => session.off("close", failed)).once("close", () => session.off("connect", connected).off("close", failed));
    }
    return socket;
  }

  #closed(): void {
    this.#sockets -= 1;
    if (this.#sockets === 0) this.#idle = setTimeout(() => this.#link?.end(), idleMs).unref();
  }

  #usable(): Link {
    if (this.#link?.isUsable) return this.#link;
    this.#link?.end();
    this.#link = new Link(this.#authority, this.#limits);
    return this.#link;
  }
}
