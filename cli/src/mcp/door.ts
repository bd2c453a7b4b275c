// The platform's /mcp as the bridge reaches it.
import type { IncomingMessage } from "node:http";
import { type ClientOptions, chunksOf, openRequest, readText } from "@slipstream/contract/client.ts";
import { fromErrorBody, SlipError } from "@slipstream/contract/errors.ts";
import { eventsOf } from "./events.ts";

export interface Exchange {
  message?: unknown;
  headers: Record<string, string>;
  signal?: AbortSignal;
}

export interface Said {
  /** Of the stream's event, where it can be taken up again. */
  eventId: string | undefined;
  message: unknown;
}

export interface Answer {
  status: number;
  sessionId: string | undefined;
  /** The messages as they come. Throws `unreachable` when the connection breaks. */
  messages(): AsyncGenerator<Said>;
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

async function* messagesOf(answer: IncomingMessage): AsyncGenerator<Said> {
  if (answer.headers["content-type"]?.startsWith("text/event-stream")) {
    for await (const { id, data } of eventsOf(chunksOf(answer))) yield { eventId: id, message: data === "" ? undefined : parse(data) };
    return;
  }
  const body = parse(await readText(answer));
  if (body === undefined) return;
  if (typeof body === "object" && body !== null && "jsonrpc" in body) yield { eventId: undefined, message: body };
  else if ((answer.statusCode ?? 500) >= 400) throw fromErrorBody(body);
}

/** Throws `unreachable`, and what the platform refuses every caller for. */
export type Door = (method: "POST" | "GET" | "DELETE", exchange: Exchange) => Promise<Answer>;

/** `access` is asked each time: the token may be replaced while a client is connected. */
export const doorOf =
  (access: () => ClientOptions): Door =>
  async (method, { message, headers, signal }) => {
    const body = message === undefined ? undefined : Buffer.from(JSON.stringify(message));
    const answer = await openRequest(access(), {
      method,
      path: "/mcp",
      headers: {
        accept: method === "GET" ? "text/event-stream" : "application/json, text/event-stream",
        ...(body ? { "content-type": "application/json" } : {}),
        ...headers,
      },
      body,
      ...(signal ? { signal } : {}),
    });
    const status = answer.statusCode ?? 500;
    if (status === 401 || status === 503) throw status === 401 ? fromErrorBody(parse(await readText(answer))) : new SlipError("unreachable");
    const sessionId = answer.headers["mcp-session-id"];
    return { status, sessionId: typeof sessionId === "string" ? sessionId : undefined, messages: () => messagesOf(answer) };
  };
