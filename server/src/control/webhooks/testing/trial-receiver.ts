// A receiver of webhooks for tests: a real HTTPS server on loopback, whose answers the test chooses path by path.
import { once } from "node:events";
import type http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import tls, { type SecureContext } from "node:tls";
import type { Leaf } from "../../certificates/authority.ts";

export interface Received {
  path: string;
  headers: Record<string, string>;
  body: string;
}

export type Reply = (response: http.ServerResponse, request: Received) => void;

const received: Reply = (response) => response.writeHead(204).end();
const waitMs = 20_000;

export class TrialReceiver {
  readonly host: string;
  readonly all: Received[] = [];
  /** What paths answer; 204 where it says nothing. */
  readonly replies = new Map<string, Reply>();
  readonly #server: https.Server;
  #context: SecureContext | undefined;

  private constructor(host: string) {
    this.host = host;
    this.#server = https.createServer({ SNICallback: (_, done) => done(null, this.#context) }, (request, response) => void this.#serve(request, response));
  }

  /** Listens already, so that its port can be named where the platform is started. */
  static async listening(host: string): Promise<TrialReceiver> {
    const receiver = new TrialReceiver(host);
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    return receiver;
  }

  show({ certificate, key }: Leaf): void {
    this.#context = tls.createSecureContext({ cert: certificate, key });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path: string): string {
    return `https://${this.host}:${this.port}${path}`;
  }

  at(path: string): Received[] {
    return this.all.filter((it) => it.path === path);
  }

  /** The requests that came to a path, once there are so many. */
  async until(path: string, count: number): Promise<Received[]> {
    for (const end = performance.now() + waitMs; this.at(path).length < count; await sleep(20))
      if (performance.now() > end) throw new Error(`${path} got ${this.at(path).length} of ${count} requests.`);
    return this.at(path);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? "";
    const got = { path, headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() };
    this.all.push(got);
    (this.replies.get(path) ?? received)(response, got);
  }
}
