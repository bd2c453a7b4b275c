// A session of the protocol's revisions up to 2025-11-25. The platform forgets it when it is started again; it is begun anew then, unseen.
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Door, Said } from "./door.ts";
import { fieldOf, type Request } from "./message.ts";

/** Before a stream that broke off is taken up again. */
const pauseMs = 250;

export class Session {
  readonly #door: Door;
  #id: string | undefined;
  #revision: string | undefined;
  /** How the client began it. */
  #opening: Request | undefined;
  /** Notifications reach the platform before what the client asks after them. */
  #told: Promise<unknown> = Promise.resolve();

  constructor(door: Door) {
    this.#door = door;
  }

  get isOpen(): boolean {
    return this.#id !== undefined;
  }

  async ask(request: Request, signal: AbortSignal): Promise<Answer> {
    await this.#told;
    if (request.method === "initialize") return this.#open(request, signal);
    const answer = await this.#door("POST", { message: request, headers: this.#headers(), signal });
    if (answer.status !== 404 || this.#opening === undefined) return answer;
    await this.#begin(this.#opening);
    return this.#door("POST", { message: request, headers: this.#headers(), signal });
  }

  async tell(message: unknown): Promise<void> {
    const sent = this.#told.then(() => this.#door("POST", { message, headers: this.#headers() }));
    this.#told = sent.catch(() => {});
    await sent;
  }

  /** The messages of an answer; where its stream breaks off, those that come when it is taken up again. */
  async *following(answer: Answer): AsyncGenerator<Said> {
    let last: string | undefined;
    for (let from = answer; ; ) {
      try {
        for await (const said of from.messages()) {
          last = said.eventId ?? last;
          yield said;
        }
        if (last === undefined) return;
      } catch (error) {
        if (last === undefined) throw error;
      }
      await sleep(pauseMs);
      from = await this.#door("GET", { headers: { ...this.#headers(), "last-event-id": last } });
      if (from.status !== 200) return;
    }
  }

  async close(): Promise<void> {
    if (this.#id !== undefined) await this.#door("DELETE", { headers: this.#headers() });
  }

  #headers(): Record<string, string> {
    return {
      ...(this.#id === undefined ? {} : { "mcp-session-id": this.#id }),
      ...(this.#revision === undefined ? {} : { "mcp-protocol-version": this.#revision }),
    };
  }

  async #open(request: Request, signal?: AbortSignal): Promise<Answer> {
    const answer = await this.#door("POST", { message: request, headers: {}, ...(signal ? { signal } : {}) });
    this.#opening = request;
    this.#id = answer.sessionId;
    const note = (said: Said): Said => {
      const revision = fieldOf(said.message, "result", "protocolVersion");
      if (typeof revision === "string") this.#revision = revision;
      return said;
    };
    return {
      ...answer,
      async *messages() {
        for await (const said of answer.messages()) yield note(said);
      },
    };
  }

  /** Begins it anew as the client did, who does not hear of it. */
  async #begin(opening: Request): Promise<void> {
    const answer = await this.#open({ ...opening, id: "slip-again" });
    for await (const { message } of answer.messages()) if (message !== undefined) break;
    await this.#door("POST", { message: { jsonrpc: "2.0", method: "notifications/initialized" }, headers: this.#headers() });
  }
}
