// The connection to an app that speaks HTTP/2 alone: bounded, made when there is a request for it, made anew when it takes none any more.
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import net from "node:net";
import { AppSocket, type Ask } from "./app-socket.ts";

/** An app cannot make the edge keep more than this for it. */
const bounds = { maxSessionMemory: 10, maxSendHeaderBlockLength: 2 ** 17 };
const windowBytes = { stream: 256 * 1_024, connection: 2 ** 20 };
/** A connection without requests is kept for so long, and then has so long to end. */
const idleMs = 4_000;
const lingerMs = 1_000;

interface LinkLimits {
  headerBytes: number;
  connectMs: number;
}

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
