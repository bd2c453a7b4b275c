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
    this.#session.setTimeout(limits.headerMs, () => this.#idle());
    // Whoever ends their side has gone, and waits for nothing.
    socket.on("end", () => this.destroy());
  }

  #begin(stream: ServerHttp2Stream, fields: RawFields): void {
    stream.on("error", () => {});
    this.#session.setTimeout(this.#ground.limits.idleMs);
    const request = requestTextOf(fields, stream.endAfterHeaders);
    if (request.kind === "malformed") {
      stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
      return;
    }
    this.#streams += 1;
    stream.on("close", () => {
      this.#streams -= 1;
    });
    this.#ground.accept(new StreamSocket(stream, request, this.#socket.remoteAddress));
  }

  /** A request that is under way has time limits of its own. */
  #idle(): void {
    if (this.#streams === 0) this.drain();
  }

  /** Begins nothing new, and ends when what is under way has ended. */
  drain(): void {
    if (!this.#session.closed && !this.#session.destroyed) this.#session.close();
  }

  destroy(): void {
    this.#session.destroy();
  }
}
