// The operations as a REST API, made from the registry: a thin projection of the gate.
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { SlipError, toErrorBody } from "@slipstream/contract/errors.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import { type Context, Hono } from "hono";
import type { Log } from "#platform/log.ts";
import { type Events, eventsFor } from "./event-stream.ts";
import type { Answer, Gate } from "./gate.ts";
import { knownError } from "./known-error.ts";
import { openApi } from "./openapi.ts";
import { parseBody, readBody } from "./parse.ts";

interface Bindings {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
}
export interface Environment {
  Bindings: Bindings;
  Variables: { requestId: string };
}
type RestContext = Context<Environment>;

const requestIdPattern = /^[\w.:-]{1,128}$/;

/** The id that the edge gave the request, or a new one. */
const requestIdOf = (given: string | undefined): string => (given !== undefined && requestIdPattern.test(given) ? given : randomUUID());

const encoder = new TextEncoder();

const streamOf = (lines: AsyncIterable<unknown>): ReadableStream<Uint8Array> => {
  const iterator = lines[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
    },
    async cancel() {
      await iterator.return?.(undefined);
    },
  });
};

const eventsBody = (context: RestContext, body: ReadableStream<Uint8Array> | undefined): Response =>
  body === undefined
    ? context.body(null, 204)
    : context.body(body, 200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });

const answerWith = (context: RestContext, answer: Answer, events: Events | undefined): Response => {
  if (answer.kind === "json") return context.json(answer.value as object);
  context.header("vary", "accept");
  if (events) return eventsBody(context, events.body(answer.lines));
  return context.body(streamOf(answer.lines), 200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
};

const failWith = (context: RestContext, error: unknown, log: Log): Response => {
  const requestId = context.get("requestId");
  const told = knownError(error);
  if (told.code === "internal") log.error(`${context.req.method} ${context.req.path} failed`, error, { requestId });
  if (told.code === "unauthorized") context.header("www-authenticate", "Bearer");
  // A body that nobody read would be taken for the next request.
  if (!context.env.incoming.complete) context.header("connection", "close");
  return context.json(toErrorBody(told, requestId), told.status as 400);
};

/** The path's fields, and those of the query or the JSON body. */
const inputOf = async (context: RestContext, name: OperationName): Promise<Record<string, unknown>> => {
  const body = operations[name].body === "bytes" ? Buffer.alloc(0) : await readBody(context.env.incoming);
  return { ...context.req.query(), ...parseBody(body), ...context.req.param() };
};

const goneSignal = (outgoing: ServerResponse): AbortSignal => {
  const gone = new AbortController();
  outgoing.on("close", () => outgoing.writableFinished || gone.abort());
  return gone.signal;
};

export const restApi = (gate: Gate, log: Log, version: string): Hono<Environment> => {
  const app = new Hono<Environment>();
  app.use(async (context, next) => {
    const requestId = requestIdOf(context.req.header("x-request-id"));
    context.set("requestId", requestId);
    context.header("x-request-id", requestId);
    await next();
  });
  for (const name of Object.keys(operations) as OperationName[]) {
    const { method, path } = operations[name];
    app.on(method, path.replace(/\{(\w+)\}/g, ":$1"), async (context) => {
      const { incoming, outgoing } = context.env;
      const events = eventsFor(name, { accept: context.req.header("accept"), lastEventId: context.req.header("last-event-id") });
      const answer = await gate.pass({
        token: await gate.who(context.req.header("authorization")),
        name,
        input: async () => ({ ...(await inputOf(context, name)), ...events?.input }),
        idempotencyKey: context.req.header("idempotency-key"),
        requestId: context.get("requestId"),
        signal: goneSignal(outgoing),
        body: incoming,
      });
      return answerWith(context, answer, events);
    });
  }
  app.get("/openapi.json", (context) => context.json(openApi(version)));
  app.notFound((context) =>
    failWith(
      context,
      new SlipError("not_found", `There is no ${context.req.method} ${context.req.path}.`, { next: "See /openapi.json for what there is." }),
      log,
    ),
  );
  app.onError((error, context) => failWith(context, error, log));
  return app;
};
