// A GraphQL request, read and checked: nothing of it is done before all of it fits the schema and the limits.
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import {
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
  parse,
  validate,
} from "graphql";
import type { RequestParams } from "graphql-http";
import { requireBounded, type Size } from "./cost.ts";

export interface Prepared {
  args: Pick<ExecutionArgs, "schema" | "document" | "operationName" | "variableValues">;
  operation: OperationDefinitionNode;
  size: Size;
}

const read = (query: string): DocumentNode =>
  parse(query, { maxLexicalTokens: limit("graphqlTokens"), maxComments: limit("graphqlTokens"), maxSourceLength: limit("graphqlBytes") });

const maxErrors = 20;

/** Gives the errors of a request that does not fit. Throws `too_large` for one beyond a limit. */
export const prepare = (schema: GraphQLSchema, params: RequestParams): Prepared | readonly GraphQLError[] => {
  try {
    return prepareRead(schema, params);
  } catch (error) {
    // The parser goes down one call for each bracket, so what it cannot follow ends the stack.
    if (error instanceof RangeError) throw new SlipError("too_large", "The request is nested too deep.", { next: "Ask in several requests." });
    throw error;
  }
};

const prepareRead = (schema: GraphQLSchema, { query, operationName, variables }: RequestParams): Prepared | readonly GraphQLError[] => {
  let document: DocumentNode;
  try {
    document = read(query);
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
  const errors = validate(schema, document, undefined, { maxErrors });
  if (errors.length > 0) return errors;
  const operation = getOperationAST(document, operationName);
  if (!operation) return [new GraphQLError("Which operation is to be done is not said, or there is none of that name.")];
  const values = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {}, { maxErrors });
  if (values.errors) return values.errors;
  const size = requireBounded({ schema, document, operation, variables: values.variableValues.coerced });
  return { args: { schema, document, operationName: operationName ?? null, variableValues: variables ?? null }, operation, size };
};
