// One thing that a client can ask for. REST, the client and the reference pages are made from these entries.
import { z } from "zod";
import type { Permission } from "../access.ts";
import type { ErrorCode } from "../errors.ts";

export interface Operation {
  name: string;
  summary: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** `{name}` parts are fields of the input. The other fields are the query of a GET or DELETE, else the JSON body. */
  path: string;
  input: z.ZodObject;
  /** Of one answer, or of each line when `answer` is "lines" (application/x-ndjson, or text/event-stream). */
  output: z.ZodType;
  answer: "json" | "lines";
  /** "bytes": the body is raw, and the input is the path alone. */
  body: "json" | "bytes";
  permission: Permission;
  effect: "read" | "write" | "destroy";
  errors: readonly ErrorCode[];
  /** Its answer holds a secret, and is kept nowhere: asked again with the same idempotency key, the handler finds what it made. */
  answersSecret?: true;
  /** Why it cannot be planned. Every other operation that changes something has a planner in the server; a test says which has neither. */
  notPlanned?: string;
}

/** Yes or no, also as the text that a query holds. */
export const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

/** An operation, with what is usual filled in. */
export const operation = <I extends z.ZodObject, O extends z.ZodType>(
  entry: Omit<Operation, "input" | "output" | "answer" | "body"> & { input: I; output: O; answer?: Operation["answer"]; body?: Operation["body"] },
) => ({ answer: "json" as const, body: "json" as const, ...entry }) as Omit<Operation, "input" | "output"> & { input: I; output: O };
