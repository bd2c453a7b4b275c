// The operations as a REST API, made from the registry: a thin projection of the gate.
import { Readable } from "node:stream";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import type { Hono } from "hono";
import { type DoorContext, type Environment, goneSignal, type Who } from "./environment.ts";
import { type Events, eventsFor } from "./event-stream.ts";
import type { Answer, Gate } from "./gate.ts";
import { openApi } from "./openapi.ts";
import { parseBody, partsOf, readBody } from "./parse.ts";

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

const eventsBody = (context: DoorContext, body: ReadableStream<Uint8Array> | undefined): Response =>
  body === undefined
    ? context.body(null, 204)
    : context.body(body, 200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });

const answerWith = (context: DoorContext, answer: Answer, events: Events | undefined): Response => {
  if (answer.kind === "json") return context.json(answer.value as object);
  context.header("vary", "accept");
  if (events) return eventsBody(context, events.body(answer.lines));
  return context.body(streamOf(answer.lines), 200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
};

/** The path's fields, and those of the query or the JSON body. */
const inputOf = async (context: DoorContext, name: OperationName): Promise<Record<string, unknown>> => {
  const body = operations[name].body === "bytes" ? Buffer.alloc(0) : await readBody(context.env.incoming, context.get("takeRoom"));
  return { ...context.req.query(), ...parseBody(body), ...context.req.param() };
};

/** What a call counts for its limits: of a source that is sent file by file, what each costs is its bytes. */
const pointsOf = (name: OperationName): number => (name === "sources.upload" ? 0.05 : 1);

/** What is sent file by file goes to the disk as it comes; a pack of them is held in memory. */
const bodyOf = (context: DoorContext, name: OperationName): Readable => {
  const { incoming } = context.env;
  return name === "sources.uploadMany" ? Readable.from(partsOf(incoming, context.get("takeRoom"))) : incoming;
};

export const addRest = (app: Hono<Environment>, { gate, who, version }: { gate: Gate; who: Who; version: string }): void => {
  for (const name of Object.keys(operations) as OperationName[]) {
    const { method, path } = operations[name];
    app.on(method, path.replace(/\{(\w+)\}/g, ":$1"), async (context) => {
      const { outgoing } = context.env;
      const events = eventsFor(name, { accept: context.req.header("accept"), lastEventId: context.req.header("last-event-id") });
      const answer = await gate.pass({
        token: await who(context, pointsOf(name)),
        name,
        input: async () => ({ ...(await inputOf(context, name)), ...events?.input }),
        idempotencyKey: context.req.header("idempotency-key"),
        requestId: context.get("requestId"),
        signal: goneSignal(outgoing),
        body: bodyOf(context, name),
      });
      return answerWith(context, answer, events);
    });
  }
  app.get("/openapi.json", (context) => context.json(openApi(version)));
};
