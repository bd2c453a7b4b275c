// What an app that speaks HTTP/2 alone is to the proxy: a connection that speaks HTTP/1.1, for one request. What is written to it is the
// request as text, what is read from it the answer. The reverse of stream-socket.ts.
import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type IncomingHttpStatusHeader, type OutgoingHttpHeaders } from "node:http2";
import { Duplex } from "node:stream";
import { BodyDecoder } from "../http/body.ts";
import { chunkOf } from "../http/body-encoder.ts";
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
export type Ask = (fields: OutgoingHttpHeaders, options: { endStream: boolean }) => ClientHttp2Stream;

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
    const takes = !stream.destroyed && !stream.writableEnded;
    // An app that has answered takes no more: what is left goes nowhere. What is passed is the edge's memory again once this is done.
    if (this.#decoder.total === 0 || !takes) done();
    else stream.write(this.#decoder.payload(bytes), () => done());
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
    if (!this.push(this.#isChunked ? chunkOf(part) : part)) this.#stream?.pause();
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
