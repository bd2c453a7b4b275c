// Carries the protocol between a client on standard input and output and the platform's /mcp. It goes on where the platform was away
// for a moment: what was asked is asked again, with the same key, so that it is done once.
import { randomUUID } from "node:crypto";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Answer, Door } from "./door.ts";
import { answeredBy, errorFor, fieldOf, headersOf, type Id, isRequest, type Json, type Request, revisionOf, toolErrorFor, withKey } from "./message.ts";
import { Session } from "./session.ts";

export interface BridgeParts {
  door: Door;
  /** Writes a message to the client. */
  say(message: unknown): void;
  /** What this side changes of a request: a folder becomes a source that was sent. */
  prepare(request: Request, signal: AbortSignal): Promise<Request>;
  /** What this side adds to an answer. */
  amend(request: Request, answer: Json): Json;
  /** Waits before another try; throws `error` when that has gone on for too long. */
  pause(error: unknown, since: number): Promise<void>;
}

export class Bridge {
  readonly #parts: BridgeParts;
  readonly #session: Session;
  readonly #underWay = new Map<Id, AbortController>();
  #ended = false;

  constructor(parts: BridgeParts) {
    this.#parts = parts;
    this.#session = new Session(parts.door);
  }

  /** Takes a message of the client. Never rejects. */
  async take(message: unknown): Promise<void> {
    if (isRequest(message)) return this.#ask(message);
    const cancelled = fieldOf(message, "method") === "notifications/cancelled" ? (fieldOf(message, "params", "requestId") as Id) : undefined;
    const controller = cancelled === undefined ? undefined : this.#underWay.get(cancelled);
    // Without a session, closing the connection is how a request is cancelled; with one, the platform is told.
    if (controller && !this.#session.isOpen) return controller.abort();
    await this.#session.tell(message).catch(() => {});
  }

  /** The client has gone. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const controller of this.#underWay.values()) controller.abort();
    await this.#session.close().catch(() => {});
  }

  async #ask(asked: Request): Promise<void> {
    const controller = new AbortController();
    this.#underWay.set(asked.id, controller);
    try {
      const request = withKey(await this.#parts.prepare(asked, controller.signal), randomUUID());
      await this.#until(request, controller.signal);
    } catch (error) {
      if (!controller.signal.aborted && !this.#ended) this.#parts.say(told(asked, error));
    } finally {
      this.#underWay.delete(asked.id);
    }
  }

  /** Sends a request until it is answered. */
  async #until(request: Request, signal: AbortSignal): Promise<void> {
    for (const since = performance.now(); ; ) {
      try {
        if (await this.#once(request, signal)) return;
        throw new SlipError("unreachable", "The platform went away.");
      } catch (error) {
        if (signal.aborted || this.#ended) return;
        await this.#parts.pause(error, since);
      }
    }
  }

  /** Whether the answer came. */
  async #once(request: Request, signal: AbortSignal): Promise<boolean> {
    const revision = revisionOf(request);
    if (revision === undefined) return this.#pass(request, await this.#session.ask(request, signal));
    return this.#pass(request, await this.#parts.door("POST", { message: request, headers: headersOf(request, revision), signal }));
  }

  async #pass(request: Request, answer: Answer): Promise<boolean> {
    for await (const { message } of this.#session.following(answer)) {
      if (message === undefined) continue;
      const isAnswer = answeredBy(message) === request.id || (fieldOf(message, "error") !== undefined && fieldOf(message, "id") === null);
      if (!isAnswer) this.#parts.say(message);
      else {
        this.#parts.say(this.#parts.amend(request, { ...(message as Json), id: request.id }));
        return true;
      }
    }
    return false;
  }
}

const told = (request: Request, error: unknown): Json => {
  const known = error instanceof SlipError ? error : new SlipError("internal", error instanceof Error ? error.message : String(error));
  const { code, message, nextActions: next } = known;
  return request.method === "tools/call" ? toolErrorFor(request.id, { code, message, next }) : errorFor(request.id, message, { code, next });
};
