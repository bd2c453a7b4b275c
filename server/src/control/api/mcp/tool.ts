// What a tool is, and how one becomes a tool of the protocol: its input is read here, and its errors are results that say what to do.

import type { CallToolResult, InputRequiredResult, McpServer, StandardSchemaWithJSON } from "@modelcontextprotocol/server";
import { isInputRequiredResult } from "@modelcontextprotocol/server";
import { errors, SlipError } from "@slipstream/contract/errors.ts";
import { z } from "zod";
import type { Log } from "#platform/log.ts";
import type { JsonName } from "../call.ts";
import { knownError } from "../known-error.ts";
import { parseInput } from "../parse.ts";
import { Asking } from "./asking.ts";
import type { Door } from "./door.ts";
import { withTools } from "./tool-words.ts";
import { plain } from "./untrusted.ts";

/** What a tool gives in the end: its value, or one that tells of a failure. */
export type Done<T> = { value: T } | { failure: T };
/** Or a question to the user first. */
export type Told<T> = Done<T> | InputRequiredResult;

export interface Tool {
  name: string;
  title: string;
  description: string;
  input: z.ZodObject;
  output: z.ZodObject;
  /** `destroys`: something can be lost. `repeatable`: done twice is done once. `reads`: nothing changes. */
  kind: "reads" | "changes" | "destroys";
  repeatable: boolean;
  /** It fetches what others have published. */
  reachesOut?: boolean;
  run(input: Record<string, unknown>, asking: Asking, door: Door): Promise<Told<Record<string, unknown>>>;
  /** The one operation that it comes to, for those that can be planned. */
  planned?(input: Record<string, unknown>, asking: Asking): { operation: JsonName; input: Record<string, unknown> };
}

/** A tool, with the types of its input and output tied together. */
export const tool = <I extends z.ZodObject, O extends z.ZodObject>(
  entry: Omit<Tool, "input" | "output" | "run" | "planned"> & {
    input: I;
    output: O;
    run(input: z.output<I>, asking: Asking, door: Door): Promise<Told<z.input<O>>>;
    planned?(input: z.output<I>, asking: Asking): ReturnType<NonNullable<Tool["planned"]>>;
  },
): Tool => entry as unknown as Tool;

const fieldLength = 40;

/**
 * The input of a tool. A field that it does not have is refused: an agent whose variables or bounds were passed over in silence would
 * believe that they count. Throws `invalid_input`.
 */
export const readInput = ({ name, input }: Pick<Tool, "name" | "input">, raw: Record<string, unknown>): Record<string, unknown> => {
  const fields = Object.keys(input.shape);
  const other = Object.keys(raw).find((field) => !fields.includes(field));
  if (other === undefined) return parseInput({ input }, raw);
  throw new SlipError("invalid_input", `${name} takes no ${plain(other).slice(0, fieldLength)}.`, { next: `It takes ${fields.join(", ")}.` });
};

const isEmpty = (value: unknown): boolean => typeof value === "object" && value !== null && Object.keys(value).length === 0;
const unread = new Set(["$schema", "pattern"]);

/** A schema without what a model need not read, because an error says it: dialect, patterns, bounds of all integers, the closing of objects. */
const slim = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(slim);
  if (typeof value !== "object" || value === null) return value;
  const isNoise = (key: string, of: unknown): boolean =>
    (unread.has(key) && typeof of !== "object") ||
    key === "propertyNames" ||
    (key === "additionalProperties" && (typeof of === "boolean" || isEmpty(of))) ||
    (key === "properties" && isEmpty(of)) ||
    ((key === "maximum" || key === "minimum") && Math.abs(of as number) === Number.MAX_SAFE_INTEGER);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, of]) => !isNoise(key, of))
      .map(([key, of]) => [key, slim(of)]),
  );
};

const schemaOf = (type: z.ZodObject, io: "input" | "output", validate: StandardSchemaWithJSON["~standard"]["validate"]): StandardSchemaWithJSON => {
  const schema = slim(z.toJSONSchema(type, { io, unrepresentable: "any" })) as Record<string, unknown>;
  return { "~standard": { version: 1, vendor: "slipstream", validate, jsonSchema: { input: () => schema, output: () => schema } } };
};

const resultOf = (value: Record<string, unknown>, isError: boolean): CallToolResult => ({
  content: [{ type: "text", text: JSON.stringify(value) }],
  structuredContent: value,
  ...(isError ? { isError } : {}),
});

const errorOf = (error: SlipError): CallToolResult => {
  const { code, message, details } = error;
  const { file, line, approval } = details;
  return resultOf(
    {
      code,
      message,
      next: error.nextActions.map(withTools),
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
      ...(approval === undefined ? {} : { approval }),
    },
    true,
  );
};

const hintsOf = ({ kind, repeatable, reachesOut = false }: Tool) => ({
  readOnlyHint: kind === "reads",
  destructiveHint: kind === "destroys",
  idempotentHint: repeatable,
  openWorldHint: reachesOut,
});

export interface Registration {
  server: McpServer;
  door: Door;
  log: Log;
}

/** The tools as the library takes them: schemas are made once, servers are made for each request. */
export const registrar = (tools: readonly Tool[]): ((to: Registration) => void) => {
  const prepared = tools.map((each) => ({
    each,
    // The tool reads its input itself, so that what is wrong is told as every error is.
    inputSchema: schemaOf(each.input, "input", (value) => ({ value })),
    outputSchema: schemaOf(each.output, "output", (value) => each.output["~standard"].validate(value)),
  }));
  return ({ server, door, log }) => {
    for (const { each, inputSchema, outputSchema } of prepared) {
      const { name, title, description } = each;
      const config = { title, description, inputSchema, outputSchema, annotations: hintsOf(each) };
      server.registerTool(name, config, async (raw, context) => {
        try {
          const input = readInput(each, (raw ?? {}) as Record<string, unknown>);
          const told = await each.run(input, new Asking(door.gate, context), door);
          if (isInputRequiredResult(told)) return told;
          return "failure" in told ? resultOf(told.failure, true) : resultOf(told.value, false);
        } catch (error) {
          const known = knownError(error);
          if (errors[known.code].fault === "platform") log.error(`the tool ${name} failed`, error);
          return errorOf(known);
        }
      });
    }
  };
};
