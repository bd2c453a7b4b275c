// The one gate that every call passes, whatever its door: who → may they → parse → idempotency key → handler → journal → typed result.
import { Readable } from "node:stream";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import type { Database } from "#platform/database.ts";
import { mayDo, type Token } from "../access/token.ts";
import type { Tokens } from "../access/token-store.ts";
import { journal } from "../journal/journal-store.ts";
import type { Call, Handlers, Perform } from "./call.ts";
import { type Idempotency, keyWithin } from "./idempotency.ts";
import { parseInput } from "./parse.ts";

/** A call as a door hands it over. */
export interface Incoming {
  /** Who asks, as `who` has said. */
  token: Token;
  name: OperationName;
  /** Gives the input as it came. Asked for only when the caller may do this: a body is not read for nothing. */
  input: () => Promise<Record<string, unknown>> | Record<string, unknown>;
  idempotencyKey: string | undefined;
  requestId: string;
  /** Aborts when the caller went away. */
  signal: AbortSignal;
  /** The raw body, where the operation takes bytes. */
  body?: Readable;
}

export type Answer = { kind: "json"; value: unknown } | { kind: "lines"; lines: AsyncIterable<unknown> };

type AnyHandler = (input: Record<string, unknown>, call: Call) => Promise<unknown>;

const keyPattern = /^[\x21-\x7e]{1,128}$/;

export class Gate {
  readonly #database: Database;
  readonly #tokens: Tokens;
  readonly #idempotency: Idempotency;
  readonly #handlers: Handlers;

  constructor(parts: { database: Database; tokens: Tokens; idempotency: Idempotency; handlers: Handlers }) {
    this.#database = parts.database;
    this.#tokens = parts.tokens;
    this.#idempotency = parts.idempotency;
    this.#handlers = parts.handlers;
  }

  /** Whose token an Authorization header holds. Throws `unauthorized`. */
  async who(authorization: string | undefined): Promise<Token> {
    const token = await this.#tokens.find(authorization);
    if (!token) throw new SlipError("unauthorized");
    return token;
  }

  async pass(incoming: Incoming): Promise<Answer> {
    const { token, name } = incoming;
    const operation: Operation = operations[name];
    admit(token, operation);
    const call = callOf(incoming);
    const input = parseInput(operation, await incoming.input());
    const act = (): Promise<unknown> => this.#act(operation, name, input, call);
    if (operation.answer === "lines") return { kind: "lines", lines: (await act()) as AsyncIterable<unknown> };
    const { tenant, idempotencyKey: key } = call;
    const isOnce = operation.effect !== "read" && !isContent(name) && operation.answersSecret !== true;
    return { kind: "json", value: isOnce && key !== undefined ? await this.#idempotency.once({ tenant, key, operation: name, input }, act) : await act() };
  }

  /** What a handler does within its call: another operation, which its caller must be allowed to do as well. */
  readonly perform: Perform = async (call, name, input) => {
    const operation: Operation = operations[name];
    admit(call.token, operation);
    return (await this.#act(operation, name, parseInput(operation, input), within(call, name))) as never;
  };

  async #act(operation: Operation, name: OperationName, input: Record<string, unknown>, call: Call): Promise<unknown> {
    const handler = this.#handlers[name] as unknown as AnyHandler;
    const value = await handler(input, call);
    // Handlers journal in the transaction of their change; one that has none is journaled here.
    if (operation.effect !== "read" && !call.journaled && !isContent(name)) await journal(this.#database, call, { operation: name, input });
    return value;
  }
}

const admit = (token: Token, { permission }: Operation): void => {
  if (!mayDo(token, permission)) throw new SlipError("forbidden", `The token may not ${permission}.`);
};

/** Asked again, the call has the same key for what it does within. */
const within = (call: Call, name: OperationName): Call => {
  const { idempotencyKey: key, ...rest } = call;
  return { ...rest, idempotencyKey: key === undefined ? undefined : keyWithin(key, name), journaled: false };
};

const callOf = ({ token, idempotencyKey, requestId, signal, body = Readable.from([]) }: Incoming): Call => {
  if (idempotencyKey !== undefined && !keyPattern.test(idempotencyKey))
    throw new SlipError("invalid_input", "The idempotency key is 1–128 printable characters without spaces.");
  return { tenant: token.tenant, actor: token.actor, token, requestId, idempotencyKey, signal, body, journaled: false };
};

/** Contents are named by their hash: sending them twice changes nothing, and only the deployment that uses them is worth a journal entry. */
const isContent = (name: OperationName): boolean => name === "sources.check" || name === "sources.upload";
