// Sessions of the protocol's revisions up to 2025-11-25: bounded in number and in the time that they may stand idle.
import { randomUUID } from "node:crypto";
import { type AuthInfo, type McpServer, WebStandardStreamableHTTPServerTransport as Transport } from "@modelcontextprotocol/server";
import { EventLog } from "./event-log.ts";

export interface SessionLimits {
  sessions: number;
  sessionsOfOne: number;
  idleMs: number;
  /** What the streams of one session have said and a client may ask for again. */
  eventBytes: number;
}

interface Session {
  id: string;
  owner: string;
  transport: Transport;
  server: McpServer;
  /** Answers that are being sent. */
  open: number;
  usedAt: number;
}

export interface Exchange {
  request: Request;
  body: unknown;
  auth: AuthInfo;
  /** Whose the session is: nobody else gets in. */
  owner: string;
}

/** Clients that lose a stream come back after this time. */
const retryMs = 1_000;

/** Calls `done` once when the answer has been sent or nobody reads it any more. */
const whenSent = (response: Response, done: () => void): Response => {
  if (!response.body) {
    done();
    return response;
  }
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done: ended, value } = await reader.read();
        if (!ended) return controller.enqueue(value as Uint8Array);
        done();
        controller.close();
      } catch (error) {
        done();
        controller.error(error);
      }
    },
    async cancel(reason) {
      done();
      await reader.cancel(reason).catch(() => {});
    },
  });
  return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
};

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #make: () => McpServer;
  readonly #limits: SessionLimits;
  readonly #sweep: NodeJS.Timeout;

  constructor(make: () => McpServer, limits: SessionLimits) {
    this.#make = make;
    this.#limits = limits;
    this.#sweep = setInterval(() => this.#endIdle(), Math.min(limits.idleMs, 60_000)).unref();
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Opens a session for its first request, which must be `initialize`. */
  async open(exchange: Exchange): Promise<Response> {
    this.#makeRoom(exchange.owner);
    const server = this.#make();
    const transport = new Transport({
      sessionIdGenerator: randomUUID,
      eventStore: new EventLog(this.#limits.eventBytes),
      retryInterval: retryMs,
      onsessioninitialized: (id) => void this.#sessions.set(id, { id, owner: exchange.owner, transport, server, open: 0, usedAt: performance.now() }),
      onsessionclosed: (id) => void this.#sessions.delete(id),
    });
    await server.connect(transport);
    const response = await transport.handleRequest(exchange.request, { parsedBody: exchange.body, authInfo: exchange.auth });
    const session = transport.sessionId === undefined ? undefined : this.#sessions.get(transport.sessionId);
    if (!session) await server.close();
    return session ? this.#track(session, response) : response;
  }

  /** Undefined where there is no such session of this owner. */
  async serve(id: string, { request, body, auth, owner }: Exchange): Promise<Response | undefined> {
    const session = this.#sessions.get(id);
    if (session?.owner !== owner) return undefined;
    session.usedAt = performance.now();
    const response = await session.transport.handleRequest(request, { ...(body === undefined ? {} : { parsedBody: body }), authInfo: auth });
    return this.#track(session, response);
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    await Promise.all([...this.#sessions.values()].map((session) => this.#end(session)));
  }

  #track(session: Session, response: Response): Response {
    session.open += 1;
    let sent = false;
    return whenSent(response, () => {
      if (sent) return;
      sent = true;
      session.open -= 1;
      session.usedAt = performance.now();
    });
  }

  /** The one that stood idle longest makes way: of the same owner where that one has many. */
  #makeRoom(owner: string): void {
    const idleFirst = [...this.#sessions.values()].sort((a, b) => Number(a.open > 0) - Number(b.open > 0) || a.usedAt - b.usedAt);
    const own = idleFirst.filter((session) => session.owner === owner);
    const ending = own.length >= this.#limits.sessionsOfOne ? own[0] : this.#sessions.size >= this.#limits.sessions ? idleFirst[0] : undefined;
    if (ending) void this.#end(ending);
  }

  #endIdle(): void {
    const before = performance.now() - this.#limits.idleMs;
    for (const session of this.#sessions.values()) if (session.open === 0 && session.usedAt < before) void this.#end(session);
  }

  async #end({ id, server }: Session): Promise<void> {
    this.#sessions.delete(id);
    await server.close().catch(() => {});
  }
}
