// One kept-alive connection to an instance. It carries one request at a time and hands what comes back to that request.
import net from "node:net";
import type { Duplex } from "node:stream";
import { BodyDecoder, bodyKind } from "../http/body.ts";
import { ResponseHead } from "../http/response-head.ts";
import type { AppSession } from "../http2/app-session.ts";
import type { AppSocket } from "../http2/app-socket.ts";

/** The request that a connection carries at present. Bytes given to it are only valid during the call. */
export interface UpstreamUser {
  readonly method: string;
  /** Whom its client counts as. */
  readonly network: string;
  /** Protocol asked for with Upgrade, "" = none. */
  readonly upgrade: string;
  /** The request has been written whole. */
  readonly requestSent: boolean;
  upstreamReady(upstream: UpstreamConnection): void;
  /** No connection could be had. */
  upstreamRefused(reason: "refused" | "full"): void;
  /** The connection is given up: nobody was there to take the request. False where it cannot be sent again. */
  upstreamAsleep(): boolean;
  upstreamDrained(): void;
  interim(head: ResponseHead): void;
  /** The head of the answer with the first part of its body. False = the client does not keep up: read no more. */
  answer(head: ResponseHead, bytes: Buffer, decoder: BodyDecoder): boolean;
  body(bytes: Buffer, decoder: BodyDecoder): boolean;
  answered(): void;
  tunnel(head: ResponseHead, bytes: Buffer): boolean;
  tunnelBytes(bytes: Buffer): boolean;
  tunnelEnded(): void;
  /** The connection broke. `silent`: not one byte of an answer had come. */
  upstreamFailed(failure: { silent: boolean; reused: boolean; reason: string }): void;
}

/** Where an app is: at an address where it speaks HTTP/1.1, or behind a session of HTTP/2. */
export type AppPlace = net.TcpNetConnectOpts | net.IpcNetConnectOpts | AppSession;

/** What a connection tells the pool that it belongs to. */
export interface UpstreamOwner {
  connected(upstream: UpstreamConnection): void;
  refused(upstream: UpstreamConnection): void;
  /** What it carries goes on for as long as client and app want. */
  lasts(upstream: UpstreamConnection): void;
  released(upstream: UpstreamConnection): void;
  closed(upstream: UpstreamConnection): void;
}

const headEnd = Buffer.from("\r\n\r\n");
/** Every connection reads into this one buffer: what is read is used up or copied before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1_024);

/** Interim answers to one request, which together are no larger than one head may be. They wait for no client: without an end they would
 * fill the memory of the edge. */
const maxInterims = 32;

/**
 * A socket of Node destroys itself when a write fails, with what came and was not read yet; an app that answers before the end of a request
 * and closes would not be heard. Whoever calls this destroys the socket.
 */
const keepReading = (socket: net.Socket): void => {
  const { _readableState: readable, _writableState: writable } = socket as unknown as Record<"_readableState" | "_writableState", { autoDestroy: boolean }>;
  readable.autoDestroy = writable.autoDestroy = false;
};

export class UpstreamConnection {
  /** Requests that it has carried. */
  served = 0;
  idleSince = 0;
  /** How long the app keeps it while idle, 0 = not said. */
  keepAliveMs = 0;
  /** The client of its request, for as long as it counts as that one's. */
  countsFor: string | undefined;
  /** It counts among those that carry a tunnel or a stream. */
  isLasting: boolean = false;
  readonly #socket: Duplex & { setKeepAlive(enable: boolean, delayMs: number): unknown };
  readonly #owner: UpstreamOwner;
  readonly #headerBytes: number;
  /** Another request is another stream. */
  readonly #isStream: boolean;
  readonly #head = new ResponseHead();
  readonly #decoder = new BodyDecoder();
  #user: UpstreamUser | undefined;
  #state: "connecting" | "idle" | "head" | "body" | "tunnel" | "closed" = "connecting";
  #pending: Buffer | undefined;
  #interims = 0;
  #interimBytes = 0;
  /** Nothing can be sent to it any more. */
  #isDeaf: boolean = false;

  constructor(place: AppPlace, owner: UpstreamOwner, headerBytes: number) {
    this.#owner = owner;
    this.#headerBytes = headerBytes;
    this.#isStream = "open" in place;
    this.#socket = "open" in place ? this.#openStream(place) : this.#connect(place);
    this.#socket.on("connect", () => {
      this.#state = "idle";
      this.#owner.connected(this);
    });
    this.#socket.on("drain", () => this.#user?.upstreamDrained());
    this.#socket.on("end", () => this.#ended());
    this.#socket.on("finish", () => this.#socket.readableEnded && this.#socket.destroy());
    this.#socket.on("error", (error) => this.#broken(error));
    this.#socket.on("close", () => this.#closed());
  }

  #connect(address: net.TcpNetConnectOpts | net.IpcNetConnectOpts): net.Socket {
    const onread = { buffer: readBuffer, callback: (size: number): boolean => this.#read(size) };
    const socket = net.connect({ ...address, noDelay: true, allowHalfOpen: true, onread });
    keepReading(socket);
    return socket;
  }

  #openStream(session: AppSession): AppSocket {
    const socket = session.open();
    socket.on("data", (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += readBuffer.length) if (!this.#read(chunk.copy(readBuffer, 0, at))) socket.pause();
    });
    return socket;
  }

  /** Carries `user` from now on; only for a connection that is idle. */
  begin(user: UpstreamUser): void {
    this.#user = user;
    this.#state = "head";
    this.#interims = this.#interimBytes = 0;
  }

  /** An app that takes no more of a request may have said why: what came is read until its end. */
  #broken({ syscall }: NodeJS.ErrnoException): void {
    if (syscall === "write" && (this.#state === "head" || this.#state === "body")) this.#isDeaf = true;
    else this.#socket.destroy();
  }

  /** False = the app does not keep up: send no more until `upstreamDrained`. */
  send(data: string | Buffer): boolean {
    if (this.#isDeaf) return true;
    return typeof data === "string" ? this.#socket.write(data, "latin1") : this.#socket.write(data);
  }

  /** The kernel has taken everything that was sent. */
  get flushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  get alive(): boolean {
    return !this.#socket.destroyed;
  }

  end(): void {
    this.#socket.end();
  }

  resume(): void {
    if (this.#state !== "closed") this.#socket.resume();
  }

  /** Gives the connection up, whatever it was doing; the request hears nothing more. */
  drop(): void {
    this.#user = undefined;
    this.#socket.destroy();
  }

  /** Gives the connection up, and tells the request why. */
  fail(reason: string, silent = false): void {
    const user = this.#user;
    this.#user = undefined;
    this.#socket.destroy();
    user?.upstreamFailed({ silent, reused: this.served > 0, reason });
  }

  #ended(): void {
    if (this.#state === "body" && this.#decoder.untilClose) {
      this.#decoder.finish();
      this.#user?.body(readBuffer, this.#decoder);
      this.#finish(false);
    } else if (this.#state === "tunnel") {
      this.#user?.tunnelEnded();
      if (this.#socket.writableFinished) this.#socket.destroy();
    } else if (this.#state === "idle") this.#socket.destroy();
    else this.fail("it ended the connection", this.#state === "head" && this.#pending === undefined);
  }

  #closed(): void {
    const state = this.#state;
    this.#state = "closed";
    if (state === "connecting") this.#owner.refused(this);
    this.#owner.closed(this);
    const silent = state === "head" && this.#pending === undefined;
    if (state !== "connecting") this.fail("it reset the connection", silent);
  }

  /** `size` bytes are in the read buffer. False = stop reading until `resume`. */
  #read(size: number): boolean {
    switch (this.#state) {
      case "head":
        return this.#readHead(size);
      case "body":
        return this.#readBody(size);
      case "tunnel":
        return this.#user?.tunnelBytes(readBuffer.subarray(0, size)) ?? true;
      default:
        // An answer that nobody asked for: whoever used this connection next would get it.
        this.#socket.destroy();
        return true;
    }
  }

  #readHead(size: number): boolean {
    if (this.#pending === undefined) return this.#readHeadFrom(readBuffer, size);
    const bytes = Buffer.concat([this.#pending, readBuffer.subarray(0, size)]);
    this.#pending = undefined;
    return this.#readHeadFrom(bytes, bytes.length);
  }

  #readHeadFrom(bytes: Buffer, size: number): boolean {
    let start = 0;
    while (start < size) {
      const found = bytes.indexOf(headEnd, start);
      if (found < 0 || found + 4 > size) break;
      if (found + 4 - start > this.#headerBytes) return this.#stop("its head is too large");
      const problem = this.#head.parse(bytes, start, found + 2);
      if (problem !== undefined) return this.#stop(problem);
      const headBytes = found + 4 - start;
      start = found + 4;
      if (this.#head.status >= 200) return this.#beginAnswer(bytes, start, size);
      if (this.#head.status === 101) return this.#beginTunnel(bytes, start, size);
      this.#interims += 1;
      this.#interimBytes += headBytes;
      if (this.#interims > maxInterims || this.#interimBytes > this.#headerBytes) return this.#stop("it gives interim answers without end");
      this.#user?.interim(this.#head);
    }
    if (size - start > this.#headerBytes) return this.#stop("its head is too large");
    if (size > start) this.#pending = Buffer.from(bytes.subarray(start, size));
    return true;
  }

  #stop(reason: string): boolean {
    this.fail(reason);
    return true;
  }

  #beginAnswer(bytes: Buffer, start: number, size: number): boolean {
    const user = this.#user;
    if (!user) return true;
    const head = this.#head;
    if (head.isAsleep && head.status === 503 && user.upstreamAsleep()) {
      this.drop();
      return true;
    }
    this.#state = "body";
    this.#decoder.begin(bodyKind(user.method, head), head.length);
    const next = this.#decoder.decode(bytes, start, size);
    if (this.#decoder.failed) return this.#stop("its body is malformed");
    if (!this.#decoder.done && head.isStream) this.#owner.lasts(this);
    const keepsUp = user.answer(head, bytes, this.#decoder);
    return this.#decoder.done ? this.#finish(next === size) : keepsUp;
  }

  #readBody(size: number): boolean {
    const next = this.#decoder.decode(readBuffer, 0, size);
    if (this.#decoder.failed) return this.#stop("its body is malformed");
    const keepsUp = this.#user?.body(readBuffer, this.#decoder) ?? true;
    return this.#decoder.done ? this.#finish(next === size) : keepsUp;
  }

  #beginTunnel(bytes: Buffer, start: number, size: number): boolean {
    if (this.#user === undefined || this.#user.upgrade === "") return this.#stop("it changes protocols unasked");
    this.#state = "tunnel";
    this.#socket.setKeepAlive(true, 60_000);
    this.#owner.lasts(this);
    return this.#user.tunnel(this.#head, bytes.subarray(start, size));
  }

  /** The answer is whole. `clean`: nothing came after it. */
  #finish(clean: boolean): boolean {
    const user = this.#user;
    if (!user) return true;
    const isSent = user.requestSent && this.#socket.writableLength === 0;
    const reusable =
      clean && !this.#isStream && !this.#isDeaf && this.#head.keepAlive && !this.#decoder.untilClose && user.requestSent && !this.#socket.readableEnded;
    this.#user = undefined;
    this.served += 1;
    this.keepAliveMs = this.#head.keepAliveSeconds * 1_000;
    this.#state = "idle";
    if (reusable) this.#owner.released(this);
    else if (this.#isStream && isSent) this.#socket.end();
    else this.#socket.destroy();
    user.answered();
    return true;
  }
}
