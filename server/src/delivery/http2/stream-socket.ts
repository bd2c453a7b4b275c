// One HTTP/2 stream in the clothes of a connection that speaks HTTP/1.1: what is read from it is the request as text, what is written
// to it becomes the answer. So there is one proxy, and one set of rules, for both versions.
import { constants, type ServerHttp2Stream } from "node:http2";
import { Duplex } from "node:stream";
import { BodyDecoder, bodyKind } from "../http/body.ts";
import { chunkOf } from "../http/body-encoder.ts";
import { ResponseHead } from "../http/response-head.ts";
import { trailersOf } from "../http/trailers.ts";
import { answerFields, listed } from "./answer-fields.ts";
import type { RequestText } from "./request-text.ts";

const headEnd = Buffer.from("\r\n\r\n");
const lastChunk = "0\r\n\r\n";

type Text = Extract<RequestText, { kind: "text" }>;
type Done = (error?: Error | null) => void;

export class StreamSocket extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #method: string;
  readonly #isChunked: boolean;
  readonly #head = new ResponseHead();
  readonly #decoder = new BodyDecoder();
  #pending: Buffer | undefined;
  #state: "head" | "body" | "over" = "head";

  constructor(stream: ServerHttp2Stream, { text, body }: Text, remoteAddress: string | undefined) {
    super();
    this.remoteAddress = remoteAddress;
    this.#stream = stream;
    this.#method = text.slice(0, text.indexOf(" "));
    this.#isChunked = body === "chunked";
    this.push(text, "latin1");
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    // The end of the request is not the end of the client, which waits for the answer.
    stream.on("end", () => void (this.#isChunked && !this.#isRead && this.push(lastChunk)));
    stream.on("error", () => {});
    stream.on("close", () => this.destroy());
  }

  /** The reader was told that nothing comes any more. */
  get #isRead(): boolean {
    return this.#state === "over" || this.destroyed;
  }

  // ── the request ───────────────────────────────────────────────────────────

  #take(chunk: Buffer): void {
    if (this.#isRead || chunk.length === 0) return;
    if (!this.push(this.#isChunked ? chunkOf(chunk) : chunk)) this.#stream.pause();
  }

  override _read(): void {
    this.#stream.resume();
  }

  // ── the answer ────────────────────────────────────────────────────────────

  override _write(chunk: Buffer, _: BufferEncoding, done: Done): void {
    try {
      if (this.#state === "over" || this.#stream.destroyed) done();
      else this.#answer(chunk, done);
    } catch (error) {
      // What HTTP/1.1 allows in a head and HTTP/2 does not.
      done(error as Error);
    }
  }

  #answer(chunk: Buffer, done: Done): void {
    const bytes = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = undefined;
    const start = this.#state === "head" ? this.#readHeads(bytes) : 0;
    if (this.#state === "body") this.#pass(bytes, start, done);
    else done();
  }

  /** Heads, the last of which begins the answer. Gives where its body begins. */
  #readHeads(bytes: Buffer): number {
    let start = 0;
    for (let found = bytes.indexOf(headEnd); found >= 0; found = bytes.indexOf(headEnd, start)) {
      const problem = this.#head.parse(bytes, start, found + 2);
      if (problem !== undefined) throw new Error(`The edge's own answer cannot be read: ${problem}.`);
      start = found + headEnd.length;
      const fields = answerFields(this.#head);
      if (this.#head.status >= 200) {
        this.#decoder.begin(bodyKind(this.#method, this.#head), this.#head.length);
        const waitForTrailers = this.#head.length === -1 && !this.#decoder.done;
        if (waitForTrailers) this.#stream.on("wantTrailers", () => this.#sendTrailers());
        this.#stream.respond(fields, { endStream: this.#decoder.done, waitForTrailers });
        this.#state = "body";
        return start;
      }
      this.#stream.additionalHeaders(fields);
    }
    if (start < bytes.length) this.#pending = bytes.subarray(start);
    return start;
  }

  #sendTrailers(): void {
    try {
      this.#stream.sendTrailers(listed(trailersOf(this.#decoder.trailers)));
    } catch (error) {
      // What HTTP/2 does not allow there.
      this.#stream.destroy(error as Error);
    }
  }

  #pass(bytes: Buffer, start: number, done: Done): void {
    this.#decoder.decode(bytes, start, bytes.length);
    // Its memory is the stream's until it is sent; one that breaks meanwhile tells by its end.
    if (this.#decoder.total === 0) done();
    else this.#stream.write(this.#decoder.payload(bytes), () => done());
    if (this.#decoder.done) this.#end();
  }

  /** The answer is whole. What is left of the request nobody reads (RFC 9113 §8.1). */
  #end(): void {
    this.#state = "over";
    if (!this.#stream.writableEnded) this.#stream.end(() => this.#stream.readableEnded || this.#stream.close(constants.NGHTTP2_NO_ERROR));
    this.push(null);
  }

  override _final(done: Done): void {
    if (this.#state === "body" && this.#decoder.untilClose) this.#end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    // An answer that is not whole must not look as if it were: `close` would end it before it resets it. Nor is one whole that the client has
    // not taken: it would be kept for as long as the client likes.
    if (this.#state !== "over" || !this.writableFinished) this.#stream.destroy(error ?? new Error("The answer was broken off."));
    done(error);
  }

  // ── what only a connection has ────────────────────────────────────────────

  setKeepAlive(): void {}
  resetAndDestroy(): void {
    this.destroy();
  }
}
