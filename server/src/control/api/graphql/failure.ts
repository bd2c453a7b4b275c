// Errors as GraphQL tells them: the message, and in `extensions` the code of the catalogue with what to do.
import { SlipError, toErrorBody } from "@slipstream/contract/errors.ts";
import { GraphQLError } from "graphql";
import { knownError } from "../known-error.ts";

const badRequest = (message: string): SlipError =>
  new SlipError("invalid_input", message, {
    next: "Correct the request by the schema, which the query { __schema { … } } tells, and docs/reference/graphql.md.",
  });

/** Errors of GraphQL itself are about the request; what a resolver threw is the operation's. */
const toldBy = (error: Readonly<Error>): SlipError => {
  if (!(error instanceof GraphQLError)) return error instanceof SlipError ? error : badRequest(error.message);
  const { originalError: thrown } = error;
  return thrown === undefined || thrown instanceof GraphQLError ? badRequest(error.message) : knownError(thrown);
};

/** The error as it leaves the platform. */
export const withCode = (error: Readonly<Error>, requestId: string): GraphQLError => {
  const { message, ...extensions } = toErrorBody(toldBy(error), requestId).error;
  const { nodes, source, positions, path } = error instanceof GraphQLError ? error : new GraphQLError("");
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
};

/** The body of an answer that no execution has made. */
export const errorsBody = (error: Readonly<Error>, requestId: string): { errors: GraphQLError[] } => ({ errors: [withCode(error, requestId)] });
