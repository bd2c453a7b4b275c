// One connection of a client: reads heads, runs one exchange at a time, and ends in a way that the client can rely on.

import type { Duplex } from "node:stream";
import { networkOf } from "#platform/client-network.ts";
import { LF } from "../http/field.ts";
import { RequestHead } from "../http/request-head.ts";
import type { EdgeContext } from "./edge-context.ts";
import { Exchange } from "./exchange.ts";
import type { ExchangeClient } from "./exchange-client.ts";
import { pageAnswer } from "./pages.ts";

const headEnd = Buffer.from("\r\n\r\n");
/** How long a client may take to read the last answer before the connection is closed on it. */
const lingerMs = 2_000;

/** The address as people write it: IPv4 without the wrapping that a dual-stack socket gives it. */
const plainAddress = (address: string | undefined): string => (address ?? "unknown").replace(/^::ffff:(?=\d+\.)/, "");

/** A socket of the machine, or what stands for one. */
export interface ClientSocket extends Duplex {
  readonly remoteAddress?: string | undefined;
  setKeepAlive(enable: boolean, delayMs: number): unknown;
  resetAndDestroy(): unknown;
}

export class ClientConnection implements ExchangeClient {
  readonly address: string;
  readonly network: string;
  readonly secure: boolean;
  readonly #context: EdgeContext;
  readonly #socket: ClientSocket;
  readonly #head = new RequestHead();
  #state: "head" | "exchange" | "tunnel" | "linger" | "closed" = "head";
  #exchange: Exchange | undefined;
  /** Bytes that were read and not used yet. */
  #input: Buffer | undefined;
  /** The input holds the beginning of a head. */
  #partial: boolean = false;
  /** Bytes of it that were searched for its end: a head that comes byte by byte is not searched anew for each. */
  #looked = 0;
  #deadline: number;
  #pumping: boolean = false;
  #forwardedHost = "";
  #forwarded = "";

  constructor(context: EdgeContext, socket: ClientSocket, secure: boolean) {
    this.#context = context;
    this.#socket = socket;
    this.secure = secure;
    this.address = plainAddress(socket.remoteAddress);
    this.network = networkOf(this.address);
    this.#deadline = context.clock.now + context.limits.headerMs;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("end", () => this.#ended());
    socket.on("drain", () => this.#drained());
    socket.on("error", () => {});
    socket.on("close", () => this.#closed());
  }

  // ── reading ───────────────────────────────────────────────────────────────

  #read(chunk: Buffer): void {
    if (this.#state === "head") {
      this.#input = this.#input === undefined ? chunk : Buffer.concat([this.#input, chunk]);
      this.#pump();
      return;
    }
    if (this.#state === "tunnel") {
      if (this.#exchange?.tunnelInput(chunk) === false) this.#socket.pause();
      return;
    }
    if (this.#state !== "exchange" || !this.#exchange) return;
    if (this.#exchange.takesInput && this.#input === undefined) {
      this.#exchange.input(chunk);
      return;
    }
    this.#input = this.#input === undefined ? chunk : Buffer.concat([this.#input, chunk]);
    this.#socket.pause();
  }

  /** Starts requests for as long as whole heads are there and nothing is under way. A loop: a pipeline must not deepen the stack. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#state === "head" && this.#input !== undefined && !this.#held() && this.#startRequest(this.#input));
    this.#pumping = false;
  }

  /** A client that asks on and on without reading the answers is not read on either. */
  #held(): boolean {
    if (!this.#socket.writableNeedDrain) return false;
    this.#socket.pause();
    return true;
  }

  #drained(): void {
    if (this.#exchange) this.#exchange.clientDrained();
    else if (this.#state === "head") {
      this.#socket.resume();
      this.#pump();
    }
  }

  /** False = the head is not whole yet. */
  #startRequest(read: Buffer): boolean {
    const input = this.#withoutEmptyLines(read);
    const found = input.indexOf(headEnd, Math.max(0, this.#looked - headEnd.length));
    const { headerBytes } = this.#context.limits;
    if (found < 0) return this.#waitForHead(input);
    if (found + 4 > headerBytes) return this.#refuse(this.#tooLarge(input));
    this.#input = found + 4 < input.length ? input.subarray(found + 4) : undefined;
    this.#partial = false;
    this.#looked = 0;
    const refusal = this.#head.parse(input, 0, found + 2);
    if (refusal) return this.#refuse(refusal.status);
    this.#state = "exchange";
    this.#exchange = new Exchange(this.#context, this, this.#head);
    this.#exchange.start();
    if (this.#state === "exchange" && this.#input !== undefined) this.inputChanged();
    return true;
  }

  /** Empty lines before a request are left over from careless clients (RFC 9112 §2.2). They are not kept: they may be endless. */
  #withoutEmptyLines(input: Buffer): Buffer {
    let start = 0;
    while (input[start] === 13 && input[start + 1] === LF) start += 2;
    if (start === 0) return input;
    this.#looked = 0;
    return input.subarray(start);
  }

  #waitForHead(input: Buffer): boolean {
    this.#input = input.length > 0 ? input : undefined;
    if (input.length === 0) return false;
    if (input.length > this.#context.limits.headerBytes) return this.#refuse(this.#tooLarge(input));
    // A bare LF never becomes a whole head: say so now, not when the time is over.
    for (let at = input.indexOf(LF, this.#looked); at >= 0; at = input.indexOf(LF, at + 1)) if (input[at - 1] !== 13) return this.#refuse(400);
    if (!this.#partial) this.setDeadline(this.#context.limits.headerMs);
    this.#partial = true;
    this.#looked = input.length;
    return false;
  }

  /** The status for a head over its limit: a first line that is beyond it on its own has one of its own (RFC 9112 §3). */
  #tooLarge(input: Buffer): 414 | 431 {
    const line = input.indexOf(LF);
    return line < 0 || line >= this.#context.limits.headerBytes ? 414 : 431;
  }

  /** Refuses what is not a request at all, and ends the connection. */
  #refuse(status: number): false {
    const page = { status, requestId: this.#context.ids.next(), accept: "" };
    this.#socket.write(pageAnswer(page, { head: false, close: true, date: this.#context.clock.date }), "latin1");
    this.#linger();
    return false;
  }

  #ended(): void {
    if (this.#state === "head" || this.#state === "linger") this.#end();
    else if (this.#state === "tunnel") this.#exchange?.tunnelInputEnded();
    else {
      // A client that ends its side has gone: the app shall not work for nobody.
      this.#exchange?.abort();
      this.#socket.destroy();
    }
  }

  /** To end again what has ended makes an error that nobody reads, which takes longer than the rest of it. */
  #end(): void {
    if (!this.#socket.writableEnded) this.#socket.end();
  }

  #closed(): void {
    this.#state = "closed";
    this.#exchange?.abort();
    this.#exchange = undefined;
  }

  // ── for the exchange ──────────────────────────────────────────────────────

  forwardedFields(host: string): string {
    if (this.#forwardedHost !== host) {
      const proto = this.secure ? "https" : "http";
      const node = this.address.includes(":") ? `"[${this.address}]"` : this.address;
      this.#forwardedHost = host;
      this.#forwarded = `x-forwarded-for: ${this.address}\r\nx-forwarded-host: ${host}\r\nx-forwarded-proto: ${proto}\r\nforwarded: for=${node};host="${host}";proto=${proto}\r\n`;
    }
    return this.#forwarded;
  }

  takeInput(): Buffer | undefined {
    const input = this.#input;
    this.#input = undefined;
    return input;
  }

  putBack(bytes: Buffer): void {
    this.#input = bytes;
  }

  send(data: string | Buffer): boolean {
    return typeof data === "string" ? this.#socket.write(data, "latin1") : this.#socket.write(data);
  }

  get flushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  inputChanged(): void {
    const exchange = this.#exchange;
    if (this.#state === "tunnel" && exchange && !exchange.tunnelBlocked) return void this.#socket.resume();
    if (this.#state !== "exchange" || !exchange) return;
    while (exchange.takesInput && this.#input !== undefined) {
      const input = this.#input;
      this.#input = undefined;
      exchange.input(input);
    }
    const paused = this.#input !== undefined || (!exchange.requestSent && !exchange.takesInput);
    if (paused) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  setDeadline(inMs: number): void {
    this.#deadline = this.#context.clock.now + inMs;
  }

  beginTunnel(): void {
    this.#state = "tunnel";
    this.#socket.setKeepAlive(true, 60_000);
    const input = this.takeInput();
    if (input !== undefined && this.#exchange?.tunnelInput(input) === false) this.#socket.pause();
    else this.#socket.resume();
  }

  endTunnel(): void {
    this.setDeadline(this.#context.limits.responseMs);
    this.#socket.end();
  }

  finished(keepAlive: boolean): void {
    this.#exchange = undefined;
    if (this.#state === "closed") return;
    if (!keepAlive) {
      this.#linger();
      return;
    }
    this.#state = "head";
    this.#partial = false;
    this.setDeadline(this.#context.limits.idleMs);
    if (this.#socket.isPaused()) this.#socket.resume();
    if (this.#input !== undefined) this.#pump();
  }

  cut(framed: boolean): void {
    this.#exchange = undefined;
    // Without framing the end of the connection is the end of the answer: only a reset tells that it is not.
    if (framed || this.secure) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  /** Sends what is left, ends our side, and reads on for a moment: closing at once could destroy the answer on its way. */
  #linger(): void {
    this.#state = "linger";
    this.#input = undefined;
    this.setDeadline(this.#context.limits.responseMs);
    this.#socket.end(() => this.setDeadline(lingerMs));
    this.#socket.resume();
  }

  // ── deadlines ─────────────────────────────────────────────────────────────

  /** Looks at the deadline; called a few times a second. */
  sweep(): void {
    if (this.#context.clock.now < this.#deadline) return;
    this.#deadline = Number.POSITIVE_INFINITY;
    if (this.#state === "head" && this.#partial) this.#refuse(408);
    else if (this.#state === "exchange" || this.#state === "tunnel") this.#exchange?.timeout();
    else this.#socket.destroy();
  }

  /** Ends the connection when no request is under way. */
  drain(): void {
    if (this.#state === "head" && this.#input === undefined) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
