// OpenAPI 3.1 of the operations, made from the registry.
import { type ErrorCode, errors } from "@slipstream/contract/errors.ts";
import { eventBody, events } from "@slipstream/contract/events.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import { Topic } from "@slipstream/contract/words.ts";
import { z } from "zod";
import { eventName } from "./event-stream.ts";

type Schema = Record<string, unknown>;

const schemaOf = (type: z.ZodType, io: "input" | "output"): Schema => {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io, unrepresentable: "any" }) as Schema;
  return schema;
};

const errorSchema: Schema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message", "next"],
      properties: {
        code: { type: "string", enum: Object.keys(errors) },
        message: { type: "string" },
        next: { type: "string" },
        file: { type: "string" },
        line: { type: "integer" },
        evidence: { type: "array", items: { type: "string" } },
        requestId: { type: "string" },
      },
    },
  },
};

/** Every operation can be refused with these, besides its own. */
const general: readonly ErrorCode[] = ["invalid_input", "unauthorized", "forbidden", "rate_limited", "internal"];

const errorAnswers = (codes: readonly ErrorCode[]): Record<string, unknown> => {
  const byStatus = Map.groupBy(codes, (code) => errors[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      String(status),
      {
        description: of.map((code) => `${code}: ${errors[code].what}`).join("\n"),
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    ]),
  );
};

const parameters = (operation: Operation, properties: Record<string, Schema>, required: ReadonlySet<string>): Schema[] => {
  const inPath = new Set([...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""));
  const inQuery = operation.method === "GET" || operation.method === "DELETE" ? Object.keys(properties).filter((name) => !inPath.has(name)) : [];
  const one = (name: string, place: "path" | "query") => ({
    name,
    in: place,
    required: place === "path" || required.has(name),
    schema: properties[name] ?? {},
  });
  const key = { name: "idempotency-key", in: "header", required: false, schema: { type: "string", maxLength: 128 } };
  return [...[...inPath].map((name) => one(name, "path")), ...inQuery.map((name) => one(name, "query")), ...(operation.effect === "read" ? [] : [key])];
};

const bodyOf = (operation: Operation, input: Schema, properties: Record<string, Schema>, required: ReadonlySet<string>): Schema => {
  if (operation.body === "bytes")
    return { requestBody: { required: true, content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } } } };
  if (operation.method === "GET" || operation.method === "DELETE") return {};
  const rest = Object.fromEntries(Object.entries(properties).filter(([name]) => !operation.path.includes(`{${name}}`)));
  const schema = { ...input, properties: rest, required: [...required].filter((name) => name in rest) };
  return { requestBody: { required: true, content: { "application/json": { schema } } } };
};

const lastEventId: Schema = {
  name: "last-event-id",
  in: "header",
  required: false,
  description: "Of an event stream: the id of the last event that was seen. What comes after it is told.",
  schema: { type: "string" },
};

/** What an operation answers: one value, or lines, each of them also as an event. */
const contentOf = (operation: Operation): Schema => {
  const schema = schemaOf(operation.output, "output");
  const event = eventName(operation.name as OperationName);
  if (event === undefined) return { "application/json": { schema } };
  const description = `For those who accept it: events named "${event}", whose data is one value as JSON, and "end" when no more comes.`;
  return { "application/x-ndjson": { schema }, "text/event-stream": { schema: { type: "string", description } } };
};

const describe = (operation: Operation): Schema => {
  const input = schemaOf(operation.input, "input");
  const properties = (input.properties ?? {}) as Record<string, Schema>;
  const required = new Set((input.required ?? []) as string[]);
  return {
    operationId: operation.name,
    summary: operation.summary,
    tags: [operation.name.split(".")[0]],
    "x-permission": operation.permission,
    "x-effect": operation.effect,
    parameters: [...parameters(operation, properties, required), ...(operation.answer === "lines" ? [lastEventId] : [])],
    ...bodyOf(operation, input, properties, required),
    responses: {
      "200": {
        description: operation.answer === "lines" ? "One JSON value a line." : "Done.",
        content: contentOf(operation),
      },
      ...(operation.answer === "lines" ? { "204": { description: "No more events come after the one that was seen last." } } : {}),
      ...errorAnswers([...new Set([...operation.errors, ...general])]),
    },
  };
};

/** What a webhook is sent, by topic. */
const describeEvent = (topic: Topic): Schema => ({
  post: {
    summary: events[topic].when,
    parameters: ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => ({ name, in: "header", required: true, schema: { type: "string" } })),
    requestBody: { required: true, content: { "application/json": { schema: schemaOf(eventBody(topic), "output") } } },
    responses: {
      "2XX": { description: "Received. Anything else is tried again." },
      "410": { description: "The receiver wants no more events: the webhook is paused." },
    },
    security: [],
  },
});

/** The document; made at each call, from constants alone. */
export const openApi = (version: string): Schema => {
  const paths: Record<string, Schema> = {};
  for (const operation of Object.values(operations) as Operation[])
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: describe(operation) };
  return {
    openapi: "3.1.0",
    info: { title: "Slipstream", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    paths,
    webhooks: Object.fromEntries(Topic.options.map((topic) => [topic, describeEvent(topic)])),
    components: { schemas: { Error: errorSchema }, securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    security: [{ token: [] }],
  };
};
