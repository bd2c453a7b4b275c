// The edge of one process: its listeners, its routes, its connections.
import net from "node:net";
import tls from "node:tls";
import type { OwnAnswer, Proof } from "@slipstream/contract/ports/edge.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import type { TableMessage } from "@slipstream/contract/ports/route-entry.ts";
import type { RouteTable } from "@slipstream/contract/ports/route-table.ts";
import { TableReceiver, type Taken } from "@slipstream/contract/ports/table-receiver.ts";
import { networkOf } from "#platform/client-network.ts";
import { BodyEncoder } from "./http/body-encoder.ts";
import { Http2Session } from "./http2/session.ts";
import { AccessLog } from "./proxy/access-log.ts";
import { ClientConnection, type ClientSocket } from "./proxy/client-connection.ts";
import { ClientShares } from "./proxy/client-shares.ts";
import { EdgeClock } from "./proxy/clock.ts";
import type { EdgeContext } from "./proxy/edge-context.ts";
import { type EdgeLimits, edgeLimits } from "./proxy/edge-limits.ts";
import { askItself } from "./proxy/own-request.ts";
import { RequestIds } from "./proxy/request-ids.ts";
import { TargetPools } from "./proxy/target-pool.ts";
import { type InFlight, RouteMap, type RouteMapParts } from "./routes/route-map.ts";
import { CertificateContexts, ticketKeys } from "./tls/certificates.ts";
import { type AskHost, Waker } from "./wake/waker.ts";

export interface EdgeOptions {
  /** Unix socket of the platform's API. */
  controlSocket: string;
  /** Port of HTTPS as clients see it. */
  httpsPort: number;
  wake: AskHost;
  logs: LogWriter;
  limits?: EdgeLimits;
}

/** A port to open, or a socket that is open already and that other edges listen on too. */
type Place = { port: number; host?: string } | { fd: number };

const backlog = 4_096;

/** Others wait for their routes meanwhile: what takes longer to answer is asked from outside. */
const proofMs = 50;

/** Deadlines are looked at so often. */
const sweepMs = 250;

export class Edge implements EdgeContext {
  readonly limits: EdgeLimits;
  readonly clock = new EdgeClock();
  readonly ids = new RequestIds();
  readonly encoder = new BodyEncoder();
  readonly accessLog: AccessLog;
  readonly httpsPort: number;
  readonly waker: Waker;
  readonly platformShares: ClientShares;
  draining: boolean = false;
  readonly #controlSocket: string;
  readonly #pools: TargetPools;
  readonly #inFlight = new Map<string, InFlight>();
  readonly #clients = new Set<ClientConnection>();
  readonly #sessions = new Set<Http2Session>();
  /** Connections of clients, also before they are secure. */
  readonly #shares: ClientShares;
  #open = 0;
  /** Of HTTPS, also before they are secure. */
  readonly #sockets = new Set<net.Socket>();
  readonly #certificates: CertificateContexts;
  readonly #http: net.Server;
  readonly #https: tls.Server;
  readonly #receiver = new TableReceiver();
  #map: RouteMap | undefined;
  #tls = "";
  #requests = 0;
  #lastTick = 0;
  #swept = 0;

  constructor(options: EdgeOptions) {
    this.limits = options.limits ?? edgeLimits();
    this.httpsPort = options.httpsPort;
    this.waker = new Waker(options.wake);
    this.#controlSocket = options.controlSocket;
    this.#certificates = new CertificateContexts(this.limits.certificates);
    this.accessLog = new AccessLog(options.logs);
    this.#pools = new TargetPools({ limits: this.limits, clock: this.clock });
    const { clientConnections, clientPercent, platformConnections } = this.limits;
    this.#shares = new ClientShares(clientConnections, clientPercent);
    this.platformShares = new ClientShares(platformConnections, clientPercent);
    this.#http = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#admit(socket) && this.#accept(socket, false));
    this.#https = this.#createTls();
  }

  /** False = the connection is closed: it is one too many, of all or of its client. */
  #admit(socket: net.Socket): boolean {
    const network = networkOf(socket.remoteAddress ?? "");
    if (this.#open >= this.limits.clientConnections || !this.#shares.take(network)) {
      socket.destroy();
      return false;
    }
    this.#open += 1;
    socket.once("close", () => {
      this.#open -= 1;
      this.#shares.giveBack(network);
    });
    return true;
  }

  #createTls(): tls.Server {
    const server = tls.createServer({
      allowHalfOpen: true,
      noDelay: true,
      ALPNProtocols: ["h2", "http/1.1"],
      minVersion: "TLSv1.2",
      sessionIdContext: "slipstream",
      handshakeTimeout: this.limits.headerMs,
      SNICallback: (name, answer) => {
        try {
          answer(null, this.#certificates.contextFor(name));
        } catch (error) {
          answer(error as Error);
        }
      },
    });
    server.on("secureConnection", (socket) => (socket.alpnProtocol === "h2" ? this.#acceptSession(socket) : this.#accept(socket, true)));
    server.on("connection", (socket: net.Socket) => {
      if (!this.#admit(socket)) return;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    // Node closes none itself whose other half stays open: a client that ends its side before it is secure would be kept for good.
    server.on("tlsClientError", (_, socket) => socket.destroy());
    return server;
  }

  #acceptSession(socket: tls.TLSSocket): void {
    const session = new Http2Session({ limits: this.limits, accept: (stream) => this.#accept(stream, true) }, socket);
    this.#sessions.add(session);
    socket.on("close", () => this.#sessions.delete(session));
    if (this.draining) session.drain();
  }

  #accept(socket: ClientSocket, secure: boolean): void {
    const client = new ClientConnection(this, socket, secure);
    this.#clients.add(client);
    socket.on("close", () => this.#clients.delete(client));
  }

  /** Listens at both places. Gives the ports, of use where 0 was asked for. */
  async listen(places: { http: Place; https: Place }): Promise<{ http: number; https: number }> {
    const open = (server: net.Server, place: Place): Promise<number> =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(place, backlog, () => resolve((server.address() as net.AddressInfo).port));
      });
    const opened = { http: await open(this.#http, places.http), https: await open(this.#https, places.https) };
    this.clock.start(sweepMs, () => this.#sweep());
    return opened;
  }

  #sweep(): void {
    const passedMs = this.clock.now - this.#swept;
    this.#swept = this.clock.now;
    for (const [deployment, counter] of this.#inFlight) {
      counter.ms += counter.requests * passedMs;
      if (counter.requests === 0 && counter.apps === 0) this.#inFlight.delete(deployment);
    }
    for (const client of this.#clients) client.sweep();
    this.#pools.sweep();
    if (this.clock.now - this.#lastTick < 1_000) return;
    this.#lastTick = this.clock.now;
    this.accessLog.tick();
  }

  routes(): RouteMap | undefined {
    return this.#map;
  }

  countRequest(): void {
    this.#requests += 1;
  }

  /** Takes a message of the route table, at once between two requests; one that does not fit is left aside. Gives the version that holds now. */
  take(message: TableMessage): number {
    this.#follow(this.#receiver.take(message));
    return this.#receiver.version;
  }

  /** Takes a table in place of an older one. */
  adopt(table: RouteTable): void {
    this.#follow(this.#receiver.adopt(table));
  }

  /** The table that is served now; undefined before the first. */
  get table(): RouteTable | undefined {
    return this.#receiver.table;
  }

  #follow(taken: Taken): void {
    const { table } = this.#receiver;
    if (taken.kind === "nothing" || !table) return;
    if (!this.#map) this.#map = new RouteMap(table, this.#mapParts());
    else if (taken.kind === "replaced") this.#map.replace(table);
    else this.#map.follow(taken.touched);
    this.#certificates.follow(table);
    this.#renewTls(table.platform?.proofKey ?? "");
  }

  #mapParts(): RouteMapParts {
    const forgetSleeper = (workload: string): void => this.waker.forget(workload);
    return { pools: this.#pools, inFlight: this.#inFlight, controlSocket: this.#controlSocket, forgetSleeper };
  }

  /** The context that holds the ticket keys and serves clients without a known server name; made anew only when it changes. */
  #renewTls(proofKey: string): void {
    const { fallback } = this.#certificates;
    const wanted = `${proofKey} ${fallback?.certificate ?? ""}`;
    if (wanted === this.#tls) return;
    this.#tls = wanted;
    const pair = fallback ? { cert: fallback.certificate, key: fallback.key } : {};
    this.#https.setSecureContext({ ...pair, minVersion: "TLSv1.2", sessionIdContext: "slipstream", ticketKeys: ticketKeys(proofKey) });
  }

  /** What answers there now, asked by this edge itself; undefined where that takes longer than a moment. */
  async prove(proof: Proof, withinMs = proofMs): Promise<OwnAnswer | undefined> {
    const { proofKey } = this.table?.platform ?? {};
    return proofKey === undefined ? undefined : askItself((socket) => this.#accept(socket, true), proof, { proofKey, withinMs });
  }

  inFlight(deployment: string): number {
    return this.#inFlight.get(deployment)?.requests ?? 0;
  }

  /** How long requests of a deployment have been under way here, all of them together, as it is seen a few times a second. */
  requestMs(deployment: string): number {
    return this.#inFlight.get(deployment)?.ms ?? 0;
  }

  /** Requests that have a connection to `address` or wait for one. */
  loadOf(address: string): number {
    return this.#pools.of(address).load;
  }

  /** Connections to HTTPS, those too that are not secure yet. */
  get sockets(): number {
    return this.#sockets.size;
  }

  status(): { version: number; connections: number; requests: number } {
    return { version: this.#receiver.version, connections: this.#clients.size, requests: this.#requests };
  }

  /** Takes no more connections, finishes what is under way within `withinMs`, and closes everything. */
  async end(withinMs = this.limits.drainMs): Promise<void> {
    this.draining = true;
    const closed = [this.#http, this.#https].map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const client of [...this.#clients, ...this.#sessions]) client.drain();
    const late = setTimeout(() => {
      for (const client of [...this.#clients, ...this.#sessions, ...this.#sockets]) client.destroy();
    }, withinMs);
    await Promise.all(closed);
    clearTimeout(late);
    this.clock.stop();
    this.#pools.retireAll();
    await this.accessLog.end();
  }
}
