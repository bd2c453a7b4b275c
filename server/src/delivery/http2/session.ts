// HTTP/2 to clients (RFC 9113): Node's own implementation, bounded; each request goes the way of one in HTTP/1.1.
import http2, { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { ClientSocket } from "../proxy/client-connection.ts";
import type { EdgeLimits } from "../proxy/edge-limits.ts";
import { type RawFields, requestTextOf } from "./request-text.ts";
import { StreamSocket } from "./stream-socket.ts";

/** A browser that is closed mid-way resets some; one that begins streams only to reset them, or sends what makes no sense, is cut off. */
const resets = { streamResetBurst: 200, streamResetRate: 20, maxSessionInvalidFrames: 100, maxSessionRejectedStreams: 100 };
/** What one client may send without its being read: of one request, and of all on its connection. */
const windowBytes = { stream: 256 * 1_024, connection: 2 ** 20 };
const sessionMegabytes = 10;
/** Field lines of a request. */
const fieldsMax = 200;

/** What is still on its way to a client has so long once nothing is under way any more. */
const lingerMs = 2_000;

/** What a session needs of the edge. */
export interface Http2Ground {
  limits: Pick<EdgeLimits, "headerBytes" | "headerMs" | "idleMs" | "streams">;
  /** Takes a request, as a connection that asks for one thing. */
  accept: (socket: ClientSocket) => void;
}

export class Http2Session {
  readonly #ground: Http2Ground;
  readonly #socket: TLSSocket;
  readonly #session: ServerHttp2Session;
  #streams = 0;
  /** Runs while no request is under way. Not Node's own, which any frame of the client would set back. */
  #idle: NodeJS.Timeout;

  constructor(ground: Http2Ground, socket: TLSSocket) {
    this.#ground = ground;
    this.#socket = socket;
    const { limits } = ground;
    this.#session = http2.performServerHandshake(socket, {
      ...resets,
      maxHeaderListPairs: fieldsMax,
      maxSessionMemory: sessionMegabytes,
      settings: { enablePush: false, maxConcurrentStreams: limits.streams, maxHeaderListSize: limits.headerBytes, initialWindowSize: windowBytes.stream },
    });
    this.#session.on("connect", () => this.#session.setLocalWindowSize(windowBytes.connection));
    this.#session.on("stream", (stream, _, __, fields) => this.#begin(stream, fields));
    this.#session.on("error", () => {});
    for (const event of ["goaway", "close"] as const) this.#session.on(event, () => this.#look());
    this.#idle = setTimeout(() => this.drain(), limits.headerMs);
    socket.on("close", () => clearTimeout(this.#idle));
    // Whoever ends their side has gone, and waits for nothing.
    socket.on("end", () => this.destroy());
  }

  #begin(stream: ServerHttp2Stream, fields: RawFields): void {
    stream.on("error", () => {});
    const request = requestTextOf(fields, stream.endAfterHeaders);
    if (request.kind === "malformed") {
      stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
      return;
    }
    this.#streams += 1;
    clearTimeout(this.#idle);
    stream.on("close", () => this.#ended());
    this.#ground.accept(new StreamSocket(stream, request, this.#socket.remoteAddress));
  }

  /** A request that is under way has time limits of its own. */
  #ended(): void {
    this.#streams -= 1;
    if (this.#streams > 0 || this.#socket.destroyed) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.drain(), this.#ground.limits.idleMs);
    this.#look();
  }

  /** Begins nothing new, and ends when what is under way has ended. */
  drain(): void {
    if (!this.#session.closed && !this.#session.destroyed) this.#session.close();
    this.#look();
  }

  /** Node would wait without limit for a client that does not read, or does not end its side. */
  #look(): void {
    const isOver = this.#session.closed || this.#session.destroyed;
    if (isOver && this.#streams === 0) setTimeout(() => this.#socket.destroy(), lingerMs).unref();
  }

  destroy(): void {
    this.#session.destroy();
  }
}
