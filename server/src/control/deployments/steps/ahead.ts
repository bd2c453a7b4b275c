// A connection to the edge that is made before it is needed: while the routes are being switched, so that a proof waits for no handshake.
import tls from "node:tls";
import type { Authority } from "../../certificates/authority.ts";
import type { Control } from "../../control.ts";

/** Of the last connections, by host name: the handshake of the next one is shorter (RFC 8446 §2.2). */
const sessions = new Map<string, Buffer>();
const sessionsMax = 1_000;

const remember = (host: string, session: Buffer): void => {
  sessions.delete(host);
  sessions.set(host, session);
  const [oldest] = sessions.keys();
  if (sessions.size > sessionsMax && oldest !== undefined) sessions.delete(oldest);
};

/** The authority that proofs trust, read once: that takes as long as a whole proof. */
const contexts = new WeakMap<Authority, tls.SecureContext>();

/** Nobody listens within this machine, so an exchange of keys that also resists quantum computers is not worth its half millisecond. */
const ecdhCurve = "X25519";

const contextOf = (authority: Authority): tls.SecureContext => {
  const context = contexts.get(authority) ?? tls.createSecureContext({ ca: authority.certificate, ecdhCurve });
  contexts.set(authority, context);
  return context;
};

/** Connects to this installation's edge, as a visitor of `host` does. */
export const connectToEdge = ({ authority, installation }: Pick<Control, "authority" | "installation">, host: string): tls.TLSSocket => {
  const session = sessions.get(host);
  const socket = tls.connect({
    host: "127.0.0.1",
    port: installation.httpsPort,
    servername: host,
    secureContext: contextOf(authority),
    ...(session ? { session } : {}),
  });
  socket.setNoDelay(true);
  return socket.on("session", (given: Buffer) => remember(host, given));
};

export class Ahead {
  readonly #host: string;
  readonly #broken = (): void => this.close();
  #socket: tls.TLSSocket | undefined;

  constructor(control: Pick<Control, "authority" | "installation">, host: string) {
    this.#host = host;
    this.#socket = connectToEdge(control, host).on("error", this.#broken).on("end", this.#broken);
  }

  /** The connection, to one who asks for its host name first; undefined when it broke, or somebody has it. */
  take(host: string): tls.TLSSocket | undefined {
    if (host !== this.#host || this.#socket === undefined) return undefined;
    const socket = this.#socket.off("error", this.#broken).off("end", this.#broken);
    this.#socket = undefined;
    return socket;
  }

  /** Ends what nobody took. */
  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
