// Pages of docs/reference, made from the contract: pure text out of the tables.
import { z } from "zod";
import { errors } from "./errors.ts";
import { events } from "./events.ts";
import { limits } from "./limits.ts";
import { operations } from "./operations/registry.ts";

const made = "<!-- Made by `npm run reference`; change the source that it names, not this page. -->";

/** A cell of a table: one line, with '|' made harmless. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const row = (...cells: string[]): string => `| ${cells.map(cell).join(" | ")} |`;
export const table = (heading: string[], rows: string[][]): string[] => [
  row(...heading),
  row(...heading.map(() => "---")),
  ...rows.map((cells) => row(...cells)),
];

export const errorsPage = (): string =>
  [
    "# Errors",
    "",
    made,
    "",
    "Every error has one of these codes (`contract/src/errors.ts`). The HTTP status is the API's, the exit code is the CLI's.",
    "A deployment that fails carries the code in its failure report.",
    "",
    ...table(
      ["Code", "HTTP", "Exit", "Whose", "What happened", "What to do"],
      Object.entries(errors).map(([code, { status, exit, fault, what, next }]) => [
        `\`${code}\``,
        String(status),
        String(exit),
        fault === "user" ? "the request's or the app's" : "the platform's",
        what,
        next,
      ]),
    ),
    "",
  ].join("\n");

const sizes = [
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
] as const;
const periods = [
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;

/** A value in the largest unit that it is a whole number of. */
const amount = (value: number, unit: string): string => {
  const larger = unit === "bytes" ? sizes : unit === "ms" ? periods : [];
  const fits = larger.find(([size]) => value % size === 0);
  return fits ? `${value / fits[0]} ${fits[1]}` : `${value.toLocaleString("en-US")} ${unit}`;
};

export const limitsPage = (): string =>
  [
    "# Limits",
    "",
    made,
    "",
    "Nothing in Slipstream is without bounds. These are the bounds (`contract/src/limits.ts`); those that `slip.toml` can",
    "change for an app are named in [slip.toml](slip.toml).",
    "",
    ...table(
      ["Limit", "Value", "Of what"],
      Object.entries(limits).map(([name, { default: value, unit, what }]) => [`\`${name}\``, amount(value, unit), what]),
    ),
    "",
  ].join("\n");

export interface JsonSchema {
  type?: string;
  minimum?: number;
  maximum?: number;
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  default?: unknown;
}

/** A schema in words: "text", "1 \| 2", "list of …". */
export const kindOf = (schema: JsonSchema): string => {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return several.map(kindOf).join(" or ");
  if (schema.type === "array") return `list of ${kindOf(schema.items ?? {})}`;
  if (schema.type === "object") return objectKind(schema);
  if (schema.minimum !== undefined && schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER) return `${schema.minimum} to ${schema.maximum}`;
  return { string: "text", integer: "whole number", number: "number", boolean: "true or false" }[schema.type ?? ""] ?? "any value";
};

const objectKind = ({ properties, required = [], additionalProperties }: JsonSchema): string => {
  if (properties && Object.keys(properties).length > 0)
    return `{ ${Object.entries(properties)
      .map(([name, inner]) => `${name}${required.includes(name) ? "" : "?"}: ${kindOf(inner)}`)
      .join(", ")} }`;
  return typeof additionalProperties === "object" ? `names with ${kindOf(additionalProperties)}` : "object";
};

export const schemaOf = (schema: z.ZodType, io: "input" | "output"): JsonSchema => z.toJSONSchema(schema, { io, unrepresentable: "any" }) as JsonSchema;

type Entry = (typeof operations)[keyof typeof operations];

const fieldRows = ({ path, input }: Entry): string[][] => {
  const { properties = {}, required = [] } = schemaOf(input, "input");
  return Object.entries(properties).map(([name, schema]) => [
    `\`${name}\``,
    path.includes(`{${name}}`) ? "path" : required.includes(name) ? "yes" : "no",
    kindOf(schema),
    schema.default === undefined ? "" : `\`${JSON.stringify(schema.default)}\``,
  ]);
};

const outputText = (entry: Entry): string => {
  const { properties, ...schema } = schemaOf(entry.output, "output");
  const fields = properties
    ? Object.keys(properties)
        .map((name) => `\`${name}\``)
        .join(", ")
    : kindOf(schema);
  return entry.answer === "lines" ? `Answers with one JSON object a line, or an event each, with ${fields}.` : `Answers with ${fields}.`;
};

const operationSection = (name: string, entry: Entry): string[] => {
  const fields = fieldRows(entry);
  return [
    `## \`${name}\``,
    "",
    entry.summary,
    "",
    `\`${entry.method} ${entry.path}\` · needs \`${entry.permission}\` · effect \`${entry.effect}\`${entry.body === "bytes" ? " · the body is the content itself" : ""}`,
    "",
    ...(fields.length === 0 ? [] : [...table(["Field", "Required", "What", "Default"], fields), ""]),
    outputText(entry),
    ...(entry.notPlanned === undefined ? [] : ["", `It cannot be planned: ${entry.notPlanned}`]),
    ...(entry.errors.length === 0 ? [] : ["", `Errors: ${entry.errors.map((code) => `[\`${code}\`](errors.md)`).join(", ")}.`]),
    "",
  ];
};

export const operationsPage = (): string =>
  [
    "# Operations",
    "",
    made,
    "",
    "Everything that a client can ask for. The CLI uses nothing else; `/openapi.json` describes the same for programs.",
    "",
    "Fields in the path are part of the address, the others are the query of a GET or DELETE, else the JSON body. Send the",
    "token as `Authorization: Bearer TOKEN`, and an `Idempotency-Key` with what is not a GET: asked again with the same key,",
    'the platform answers the same and does nothing twice. An error is `{"error": {code, message, next}}` with a code of',
    "[errors](errors.md); any operation can answer `invalid_input`, `unauthorized`, `forbidden`, `rate_limited`, `unreachable` and `internal`.",
    "",
    "Operations that answer line by line answer with server-sent events to those who send `Accept: text/event-stream`. Who comes",
    "back with `Last-Event-ID` is told what came after that event; an event `end` says that no more comes.",
    "",
    ...Object.entries(operations).flatMap(([name, entry]) => operationSection(name, entry)),
  ].join("\n");

const eventRows = (data: z.ZodType): string[][] => {
  const { properties = {}, required = [] } = schemaOf(data, "output");
  return Object.entries(properties).map(([name, schema]) => [`\`${name}\``, required.includes(name) ? "yes" : "no", kindOf(schema)]);
};

export const eventsPage = (): string =>
  [
    "# Events",
    "",
    made,
    "",
    "What the platform tells of by itself (`contract/src/events.ts`). [Webhooks](../guides/webhooks.md) send each as JSON:",
    '`{"type": TOPIC, "timestamp": when it happened, "data": {…}}`, with the data below. More topics and more fields may come;',
    "the values of secrets never do. `/openapi.json` has the same for programs, under `webhooks`.",
    "",
    ...Object.entries(events).flatMap(([topic, { when, data }]) => [
      `## \`${topic}\``,
      "",
      when,
      "",
      ...table(["Field", "Always", "What"], eventRows(data)),
      "",
    ]),
  ].join("\n");
