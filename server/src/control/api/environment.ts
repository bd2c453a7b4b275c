// What every door knows of an HTTP request.
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context } from "hono";
import type { Token } from "../access/token.ts";
import type { TakeRoom } from "./rate/body-room.ts";
import type { Visitor } from "./rate/rate-limits.ts";

interface Bindings {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
}
export interface Environment {
  Bindings: Bindings;
  /** `visitor` and `takeRoom`: once it is known who asks. */
  Variables: { requestId: string; visitor: Visitor; takeRoom: TakeRoom };
}
export type DoorContext = Context<Environment>;

/**
 * Who asks, within what a token may ask for. Throws `unauthorized` and `rate_limited`. `points` is what the request costs, besides
 * the bytes of its body.
 */
export type Who = (context: DoorContext, points?: number) => Promise<Token>;

const requestIdPattern = /^[\w.:-]{1,128}$/;

/** The id that the edge gave the request, or a new one. */
export const requestIdOf = (given: string | undefined): string => (given !== undefined && requestIdPattern.test(given) ? given : randomUUID());

/** Aborts when the caller went away before the answer was whole. */
export const goneSignal = (outgoing: ServerResponse): AbortSignal => {
  const gone = new AbortController();
  outgoing.on("close", () => outgoing.writableFinished || gone.abort());
  return gone.signal;
};
