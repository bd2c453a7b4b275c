// The input of an operation out of a request: path parts, and the query or the JSON body.
import { SlipError } from "@slipstream/contract/errors.ts";
import { mistakeOf } from "@slipstream/contract/expectation.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import type { z } from "zod";
import type { TakeRoom } from "./rate/body-room.ts";
import { unstorable } from "./storable.ts";

/** The parts of a body as they come, each with room in control's memory. Throws `rate_limited` where there is none. */
export async function* partsOf(request: AsyncIterable<unknown>, takeRoom: TakeRoom): AsyncGenerator<Buffer> {
  for await (const part of request) {
    takeRoom((part as Buffer).length);
    yield part as Buffer;
  }
}

/** Throws `too_large` beyond the limit, and `rate_limited`. */
export const readBody = async (request: AsyncIterable<unknown>, takeRoom: TakeRoom): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of partsOf(request, takeRoom)) {
    size += chunk.length;
    if (size > limit("requestBytes")) throw new SlipError("too_large", `The body is larger than ${limit("requestBytes")} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** Throws `invalid_input` for what is not a JSON object. No body reads as an empty one. */
export const parseBody = (body: Buffer): Record<string, unknown> => {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new SlipError("invalid_input", "The body is not JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SlipError("invalid_input", "The body is not a JSON object.");
  return value as Record<string, unknown>;
};

const issuesOf = (error: z.ZodError): string => error.issues.slice(0, 5).map(mistakeOf).join("; ");

/** Throws `invalid_input` that names the fields. */
export const parseInput = (operation: Pick<Operation, "input">, raw: Record<string, unknown>): Record<string, unknown> => {
  const parsed = operation.input.safeParse(raw);
  if (!parsed.success) throw new SlipError("invalid_input", issuesOf(parsed.error));
  const field = unstorable(parsed.data);
  if (field !== undefined) throw new SlipError("invalid_input", `${field}: text of Unicode without NUL`);
  return parsed.data;
};
