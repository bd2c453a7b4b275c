// What a union of plain values becomes, where GraphQL has no type for it.
import { GraphQLBoolean, type GraphQLScalarType, GraphQLString } from "graphql";
import { Json } from "./scalars.ts";
import { kindOf, type Schema } from "./shape.ts";

const texts = new Set(["string", "enum", "literal", "template_literal"]);

/** A flag that may be sent as text in a query is a flag; several kinds of text are text. */
export const plainUnion = (options: readonly Schema[]): GraphQLScalarType => {
  const kinds = options.map(kindOf);
  if (kinds.includes("boolean")) return GraphQLBoolean;
  return kinds.every((kind) => texts.has(kind)) ? GraphQLString : Json;
};
