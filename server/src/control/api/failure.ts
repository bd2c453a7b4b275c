// The answer to an error, as REST gives it, and the header fields that it has at every door.
import { type SlipError, toErrorBody } from "@slipstream/contract/errors.ts";
import type { Log } from "#platform/log.ts";
import type { DoorContext } from "./environment.ts";
import { knownError } from "./known-error.ts";
import { RateLimited } from "./rate/rate-limits.ts";

/** The header fields that an error comes with. */
export const markFailure = (context: DoorContext, told: SlipError): void => {
  if (told.code === "unauthorized") context.header("www-authenticate", "Bearer");
  if (told instanceof RateLimited) context.header("retry-after", String(told.retryAfterSeconds));
  // A body that nobody read would be taken for the next request.
  if (!context.env.incoming.complete) context.header("connection", "close");
};

export const failWith = (context: DoorContext, error: unknown, log: Log): Response => {
  const requestId = context.get("requestId");
  const told = knownError(error);
  if (told.code === "internal") log.error(`${context.req.method} ${context.req.path} failed`, error, { requestId });
  markFailure(context, told);
  return context.json(toErrorBody(told, requestId), told.status as 400);
};
