// One request and its answer: from the parsed head to the last byte, whatever happens between.
import { BodyDecoder } from "../http/body.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { passedTrailers } from "../http/trailers.ts";
import type { Route } from "../routes/route-map.ts";
import { Ahead } from "../wake/ahead.ts";
import type { Sleeps, Woken } from "../wake/waker.ts";
import { decide } from "./decision.ts";
import type { EdgeContext } from "./edge-context.ts";
import type { ExchangeClient } from "./exchange-client.ts";
import { pageAnswer, redirectAnswer } from "./pages.ts";
import { answerText, interimText, requestText, upgradeText } from "./passed-heads.ts";
import { chooseTarget, type TargetPool } from "./target-pool.ts";
import type { UpstreamConnection, UpstreamUser } from "./upstream-connection.ts";

const idempotent = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

export class Exchange implements UpstreamUser {
  readonly method: string;
  readonly network: string;
  readonly upgrade: string;
  readonly requestId: string;
  readonly #context: EdgeContext;
  readonly #client: ExchangeClient;
  readonly #target: string;
  readonly #host: string;
  readonly #accept: string;
  readonly #minor: number;
  readonly #kept: string;
  readonly #chunked: boolean;
  readonly #length: number;
  readonly #prove: string;
  readonly #takesTrailers: boolean;
  readonly #input = new BodyDecoder();
  readonly #started = performance.now();
  #keepAlive: boolean;
  #route: Route | undefined;
  #targets: readonly TargetPool[] = [];
  #pool: TargetPool | undefined;
  #upstream: UpstreamConnection | undefined;
  #phase: "waking" | "connecting" | "waiting" | "answering" | "tunnel" | "over" = "connecting";
  #tries = 0;
  /** The host could not say whether the app is awake. */
  #unsure: Sleeps | undefined;
  /** The request went ahead of the host's answer: where nothing comes of that, it waits for it. */
  #ahead: Ahead | undefined;
  /** It counts among what its client may ask of the platform at the same time. */
  #asksPlatform: boolean = false;
  #proven: boolean = false;
  #blocked: boolean = false;
  #chunkedAnswer: boolean = false;
  #status = 0;
  #bytes = 0;
  #note = "";

  constructor(context: EdgeContext, client: ExchangeClient, head: RequestHead) {
    this.#context = context;
    this.#client = client;
    this.method = head.method;
    this.network = client.network;
    this.upgrade = head.upgrade;
    this.requestId = head.requestId === "" ? context.ids.next() : head.requestId;
    this.#target = head.target;
    this.#host = head.host;
    this.#accept = head.accept;
    this.#minor = head.minor;
    this.#kept = head.kept;
    this.#keepAlive = head.keepAlive;
    this.#chunked = head.length === -1;
    this.#length = head.length;
    this.#prove = head.prove;
    this.#takesTrailers = head.trailers;
    this.#input.begin(head.length === -1 ? "chunked" : head.length === 0 ? "none" : "length", head.length);
  }

  get requestSent(): boolean {
    return this.#input.done;
  }

  /** Whether more of the request's body can be used now. */
  get takesInput(): boolean {
    return !this.#blocked && !this.#input.done && (this.#phase === "waiting" || this.#phase === "answering");
  }

  // ── routing ───────────────────────────────────────────────────────────────

  start(): void {
    const asked = { host: this.#host, target: this.#target, prove: this.#prove, secure: this.#client.secure };
    const decision = decide(this.#context.routes(), asked, this.#context.httpsPort);
    if (decision.kind !== "platform" && decision.route) this.#enter(decision.route);
    if (decision.kind === "page") this.#refuse(decision.status, decision.note, decision.text);
    else if (decision.kind === "redirect") this.#redirect(decision.location);
    else if (decision.kind === "platform") this.#askPlatform(decision.targets);
    else {
      this.#proven = decision.proven;
      this.#wake(decision.route);
    }
  }

  /** Whoever holds requests without an end must not hold all that the platform takes at the same time. */
  #askPlatform(targets: readonly TargetPool[]): void {
    this.#asksPlatform = this.#context.platformShares.take(this.network);
    if (this.#asksPlatform) this.#forward(targets);
    else this.#refuse(429, "");
  }

  /** An app that sleeps is woken first, and the request waits for it; but where the request itself loads a function, the host is told beside. */
  #wake({ entry: { sleeps }, targets }: Route): void {
    const { waker, limits } = this.#context;
    if (sleeps === undefined || waker.isAwake(sleeps)) {
      this.#forward(targets);
      return;
    }
    if (waker.waitingFor(sleeps) >= limits.wakeQueue) {
      this.#refuse(503, "too many requests wait for the app to wake");
      return;
    }
    if (!this.#mayBeRepeated || targets.some(({ isOfFunction }) => !isOfFunction)) {
      this.#targets = targets;
      this.#forwardWoken(sleeps, waker.wake(sleeps));
      return;
    }
    this.#ahead = new Ahead(waker, sleeps);
    this.#forward(targets);
  }

  #forwardWoken(sleeps: Sleeps, waking: Promise<Woken>): void {
    this.#awaitWoken(waking, (woken) => {
      this.#unsure = woken === "unknown" ? sleeps : undefined;
      this.#forward(this.#targets);
    });
  }

  /** A request that went ahead waits for the host now. False where none did. */
  #fallBack(): boolean {
    const ahead = this.#ahead;
    if (ahead === undefined) return false;
    this.#ahead = undefined;
    this.#tries = 0;
    this.#forwardWoken(ahead.sleeps, ahead.tell());
    return true;
  }

  /** Nothing else comes of the request if it is sent again. */
  get #mayBeRepeated(): boolean {
    return this.#length === 0 && this.upgrade === "" && idempotent.has(this.method);
  }

  #awaitWoken(waking: Promise<Woken>, then: (woken: Woken) => void): void {
    this.#phase = "waking";
    this.#client.setDeadline(this.#context.limits.wakeMs);
    void waking.then((woken) => {
      if (this.#phase !== "waking") return;
      if (woken === "failed") this.#refuse(503, "the app did not wake", "The app could not be started. Try again in a moment.");
      else then(woken);
    });
  }

  #enter(route: Route): void {
    this.#route = route;
    route.inFlight.requests += 1;
  }

  #redirect(location: string): void {
    this.#answerWhole(308, (close) => redirectAnswer(location, { close, date: this.#context.clock.date, requestId: this.requestId }));
  }

  #forward(targets: readonly TargetPool[]): void {
    this.#targets = targets;
    this.#try(undefined, false);
  }

  #try(except: TargetPool | undefined, fresh: boolean): void {
    const pool = chooseTarget(this.#targets, { now: this.#context.clock.now, except });
    if (!pool) {
      this.#refuse(503, "no instance takes connections");
      return;
    }
    this.#tries += 1;
    this.#pool = pool;
    this.#phase = "connecting";
    this.#client.setDeadline(this.#context.limits.connectMs);
    if (pool.acquire(this, fresh) === "queued") this.#client.setDeadline(this.#waitMs);
  }

  /** Operations of the platform have bounds of their own, some of them longer than an app's answer. None begins before its request has come. */
  get #waitMs(): number {
    const { platformMs, responseMs } = this.#context.limits;
    return this.#route === undefined && this.#input.done ? platformMs : responseMs;
  }

  // ── the request ───────────────────────────────────────────────────────────

  upstreamReady(upstream: UpstreamConnection): void {
    this.#upstream = upstream;
    this.#phase = "waiting";
    this.#client.setDeadline(this.#waitMs);
    const head = this.#requestHead();
    const input = this.#input.done ? undefined : this.#client.takeInput();
    if (input === undefined) {
      upstream.send(head);
      if (!this.#input.done) this.#client.inputChanged();
    } else this.#pass(head, input);
  }

  #requestHead(): string {
    return requestText({
      method: this.method,
      target: this.#target,
      host: this.#host,
      kept: this.#kept,
      length: this.#length,
      upgrade: this.upgrade,
      forwarded: this.#client.forwardedFields(this.#host),
      requestId: this.requestId,
    });
  }

  /** More of the request came, and `takesInput` was true. */
  input(bytes: Buffer): void {
    this.#pass("", bytes);
  }

  #pass(head: string, bytes: Buffer): void {
    const next = this.#input.decode(bytes, 0, bytes.length);
    if (this.#input.failed) {
      this.#refuseInput();
      return;
    }
    if (next < bytes.length) this.#client.putBack(bytes.subarray(next));
    const { encoder } = this.#context;
    const data = encoder.encode(head, bytes, this.#input, this.#chunked);
    if (this.#phase === "waiting") this.#client.setDeadline(this.#waitMs);
    if (data.length > 0 && this.#upstream) {
      if (!this.#upstream.send(data)) this.#blocked = true;
      encoder.written(data, this.#upstream.flushed);
    }
    this.#client.inputChanged();
  }

  /** The body is malformed: neither side can be kept. */
  #refuseInput(): void {
    this.#upstream?.drop();
    if (this.#phase === "answering") {
      this.#cut();
      return;
    }
    this.#refuse(400, "the body is malformed");
  }

  upstreamDrained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#client.inputChanged();
  }

  upstreamRefused(reason: "refused" | "full"): void {
    const refused = this.#pool;
    this.#pool = undefined;
    if (reason === "full") {
      this.#refuse(503, "all connections to the instance are in use");
      return;
    }
    if (this.#fallBack()) return;
    const unsure = this.#unsure;
    this.#unsure = undefined;
    if (unsure) this.#awaitWoken(this.#context.waker.wake(unsure, true), () => this.#forward(this.#targets));
    else if (this.#tries < 2 && this.#targets.length > 1) this.#try(refused, false);
    else if (this.#route === undefined) this.#refuse(503, "", "The platform's API does not answer. Apps are served as before.");
    else this.#refuse(503, "the instance takes no connection");
  }

  upstreamAsleep(): boolean {
    if (this.#length !== 0 || this.#phase !== "waiting") return false;
    this.#upstream = undefined;
    this.#pool?.done();
    this.upstreamRefused("refused");
    return true;
  }

  // ── the answer ────────────────────────────────────────────────────────────

  interim(head: ResponseHead): void {
    if (this.#minor === 1 && this.#phase === "waiting") this.#client.send(interimText(head));
  }

  answer(head: ResponseHead, bytes: Buffer, decoder: BodyDecoder): boolean {
    this.#phase = "answering";
    void this.#ahead?.tell();
    this.#status = head.status;
    const bodiless = this.method === "HEAD" || head.status === 204 || head.status === 304;
    this.#chunkedAnswer = !bodiless && head.length < 0 && this.#minor === 1;
    if ((head.length < 0 && !bodiless && this.#minor === 0) || !this.#input.done || this.#context.draining) this.#keepAlive = false;
    return this.#write(this.#answerHead(head), bytes, decoder);
  }

  #answerHead(head: ResponseHead): string {
    const entry = this.#proven ? this.#route?.entry : undefined;
    return answerText({
      head,
      chunked: this.#chunkedAnswer,
      keepAlive: this.#keepAlive,
      date: this.#context.clock.date,
      requestId: this.requestId,
      proof: entry ? `slip-deployment: ${entry.deployment}\r\nslip-artifact: ${entry.artifact}\r\n` : "",
    });
  }

  body(bytes: Buffer, decoder: BodyDecoder): boolean {
    return this.#write("", bytes, decoder);
  }

  #write(head: string, bytes: Buffer, decoder: BodyDecoder): boolean {
    this.#bytes += decoder.total;
    const { encoder } = this.#context;
    const trailers = this.#takesTrailers && decoder.done && decoder.trailers !== "" ? passedTrailers(decoder.trailers) : "";
    const data = encoder.encode(head, bytes, decoder, this.#chunkedAnswer, trailers);
    const keepsUp = data.length === 0 || this.#client.send(data);
    encoder.written(data, this.#client.flushed);
    this.#client.setDeadline(keepsUp ? Number.POSITIVE_INFINITY : this.#context.limits.responseMs);
    return keepsUp;
  }

  answered(): void {
    this.#upstream = undefined;
    // An answer before the end of the request: what is left of the request is never read as the next one.
    const keepAlive = this.#keepAlive && this.#input.done;
    this.#over();
    this.#client.finished(keepAlive);
  }

  clientDrained(): void {
    if (this.#phase !== "answering" && this.#phase !== "tunnel") return;
    this.#client.setDeadline(Number.POSITIVE_INFINITY);
    this.#upstream?.resume();
  }

  // ── tunnels ───────────────────────────────────────────────────────────────

  tunnel(head: ResponseHead, bytes: Buffer): boolean {
    this.#phase = "tunnel";
    this.#status = 101;
    this.#client.setDeadline(Number.POSITIVE_INFINITY);
    const keepsUp = this.#client.send(upgradeText(head, this.upgrade) + bytes.toString("latin1"));
    this.#client.beginTunnel();
    return keepsUp;
  }

  tunnelBytes(bytes: Buffer): boolean {
    this.#bytes += bytes.length;
    return this.#client.send(Buffer.from(bytes));
  }

  tunnelEnded(): void {
    this.#client.endTunnel();
  }

  /** Bytes of the client in a tunnel. False = wait for `inputChanged`. */
  tunnelInput(bytes: Buffer): boolean {
    if (this.#upstream?.send(bytes) === false) this.#blocked = true;
    return !this.#blocked;
  }

  get tunnelBlocked(): boolean {
    return this.#blocked;
  }

  tunnelInputEnded(): void {
    this.#upstream?.end();
  }

  // ── ends ──────────────────────────────────────────────────────────────────

  upstreamFailed(failure: { silent: boolean; reused: boolean; reason: string }): void {
    this.#upstream = undefined;
    if (this.#phase === "tunnel") {
      this.#client.endTunnel();
      return;
    }
    if (this.#phase === "answering") {
      this.#note = `the instance broke off: ${failure.reason}`;
      this.#cut();
      return;
    }
    if (failure.silent && this.#ahead) {
      this.#pool?.done();
      this.#pool = undefined;
      this.#fallBack();
      return;
    }
    const again = failure.silent && failure.reused && this.#length === 0 && idempotent.has(this.method) && this.#tries < 3;
    if (!again) {
      this.#refuse(502, `the instance gave no valid answer: ${failure.reason}`);
      return;
    }
    this.#pool?.done();
    this.#pool = undefined;
    this.#try(undefined, true);
  }

  /** The client has gone. */
  abort(): void {
    if (this.#phase === "over") return;
    this.#release();
    if (this.#status === 0) this.#status = 499;
    this.#over();
  }

  /** The deadline passed. */
  timeout(): void {
    if (this.#phase === "connecting" && this.#pool) {
      this.upstreamRefused(this.#pool.withdraw(this) === "queued" ? "full" : "refused");
      return;
    }
    if (this.#phase === "waking") {
      this.#refuse(503, "the app did not wake in time");
      return;
    }
    if (this.#phase === "waiting") {
      if (!this.#input.done && !this.#blocked) this.#refuse(408, "the client stopped sending");
      else if (this.#unsure && !this.#context.waker.isAwake(this.#unsure))
        this.#refuse(503, "the host could not be asked to wake the instance, which did not answer");
      else this.#refuse(504, "the instance did not answer in time");
      return;
    }
    if (this.#phase !== "over") this.#cut();
  }

  /** Answers with a page of our own in place of the app. */
  #refuse(status: number, note: string, text?: string): void {
    this.#release();
    this.#note = note;
    const page = { status, requestId: this.requestId, accept: this.#accept, ...(text === undefined ? {} : { text }) };
    this.#answerWhole(status, (close) => pageAnswer(page, { head: this.method === "HEAD", close, date: this.#context.clock.date }));
  }

  #answerWhole(status: number, render: (close: boolean) => string): void {
    this.#status = status;
    const keepAlive = this.#keepAlive && this.#input.done && !this.#context.draining;
    this.#client.send(render(!keepAlive));
    this.#over();
    this.#client.finished(keepAlive);
  }

  #cut(): void {
    this.#release();
    this.#over();
    this.#client.cut(this.#minor === 1);
  }

  #release(): void {
    this.#upstream?.drop();
    this.#upstream = undefined;
    if (this.#phase === "connecting") {
      this.#pool?.withdraw(this);
      this.#pool = undefined;
    }
  }

  #over(): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    if (this.#asksPlatform) this.#context.platformShares.giveBack(this.network);
    void this.#ahead?.tell();
    this.#pool?.done();
    this.#pool = undefined;
    this.#context.countRequest();
    const route = this.#route;
    if (!route) return;
    route.inFlight.requests -= 1;
    this.#context.accessLog.append({
      entry: route.entry,
      method: this.method,
      target: this.#target,
      status: this.#status,
      ms: performance.now() - this.#started,
      bytes: this.#bytes,
      requestId: this.requestId,
      client: this.#client.address,
      note: this.#note,
    });
  }
}
