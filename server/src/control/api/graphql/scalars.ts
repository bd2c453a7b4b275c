// The scalars that GraphQL does not have itself, and which scalar a schema becomes.
import { GraphQLBoolean, GraphQLError, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLScalarType, GraphQLString, valueFromASTUntyped } from "graphql";
import { z } from "zod";
import { nameOf } from "./names.ts";
import type { Schema } from "./shape.ts";

const asWhole = (value: unknown): number => {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw new GraphQLError("SafeInt is a whole number of at most 2^53 - 1.");
  return value;
};
const asText =
  (name: string) =>
  (value: unknown): string => {
    if (typeof value !== "string") throw new GraphQLError(`${name} is a text.`);
    return value;
  };
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const asBytes = (value: unknown): Buffer => {
  if (typeof value !== "string" || !base64.test(value)) throw new GraphQLError("Base64 is bytes in base64, with its padding (RFC 4648 §4).");
  return Buffer.from(value, "base64");
};

export const SafeInt = new GraphQLScalarType({
  name: "SafeInt",
  description: "A whole number between -(2^53 - 1) and 2^53 - 1. Amounts of bytes and milliseconds do not fit an Int.",
  coerceOutputValue: (value) => value,
  coerceInputValue: asWhole,
  coerceInputLiteral: (node) => asWhole(node.kind === "IntValue" ? Number(node.value) : undefined),
});

const DateTime = new GraphQLScalarType({
  name: "DateTime",
  description: "A time of RFC 3339 in UTC, such as 2026-01-31T12:00:00.000Z.",
  specifiedByURL: "https://scalars.graphql.org/andimarek/date-time.html",
  coerceOutputValue: (value) => value,
  coerceInputValue: asText("DateTime"),
});

export const Json = new GraphQLScalarType({
  name: "JSON",
  description: "Any value: where the names of the fields are not known before.",
  coerceOutputValue: (value) => value,
  coerceInputValue: (value) => value,
  coerceInputLiteral: (node) => valueFromASTUntyped(node),
});

export const Base64 = new GraphQLScalarType({
  name: "Base64",
  description: "Bytes in base64 with its padding (RFC 4648 §4).",
  coerceOutputValue: (value) => (value as Buffer).toString("base64"),
  coerceInputValue: asBytes,
});

const int32 = 2 ** 31 - 1;

const numberOf = (schema: z.ZodType): GraphQLScalarType => {
  const { type, minimum, maximum } = z.toJSONSchema(schema, { unrepresentable: "any" }) as { type?: string; minimum?: number; maximum?: number };
  if (type !== "integer") return GraphQLFloat;
  return Math.max(Math.abs(minimum ?? 0), maximum ?? Number.POSITIVE_INFINITY) <= int32 ? GraphQLInt : SafeInt;
};

const textOf = (schema: z.core.$ZodString): GraphQLScalarType => {
  if ("format" in schema._zod.def && schema._zod.def.format === "datetime") return DateTime;
  return nameOf(schema)?.endsWith("Id") ? GraphQLID : GraphQLString;
};

const literals = { string: GraphQLString, boolean: GraphQLBoolean, number: GraphQLInt } as Record<string, GraphQLScalarType>;

/** JSON for what is no scalar, and for what is open. */
export const scalarOf = (schema: Schema): GraphQLScalarType => {
  const each = schema as z.core.$ZodTypes;
  const { def } = each._zod;
  if (def.type === "string") return textOf(each as z.core.$ZodString);
  if (def.type === "number") return numberOf(schema as z.ZodType);
  if (def.type === "boolean") return GraphQLBoolean;
  if (def.type === "template_literal") return GraphQLString;
  if (def.type === "literal") return literals[typeof def.values[0]] ?? Json;
  return Json;
};
