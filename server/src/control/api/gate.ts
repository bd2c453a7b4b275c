// The one gate that every call passes: parse → who → may they → idempotency key → handler → journal → typed result.
import type { IncomingMessage } from "node:http";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Operation } from "@slipstream/contract/operations/operation.ts";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import type { Database } from "#platform/database.ts";
import { mayDo, type Token } from "../access/token.ts";
import type { Tokens } from "../access/token-store.ts";
import { journal } from "../journal/journal-store.ts";
import type { Call, Handlers } from "./call.ts";
import type { Idempotency } from "./idempotency.ts";
import { parseBody, parseInput, readBody } from "./parse.ts";

/** A request as a projection of the operations (REST today) hands it over. */
export interface Incoming {
  request: IncomingMessage;
  name: OperationName;
  /** What the path says. */
  parts: Record<string, string>;
  query: Record<string, string>;
  requestId: string;
  signal: AbortSignal;
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

  async pass(incoming: Incoming): Promise<Answer> {
    const operation: Operation = operations[incoming.name];
    const token = await this.#who(incoming.request);
    if (!mayDo(token, operation.permission)) throw new SlipError("forbidden", `The token may not ${operation.permission}.`);
    const call = this.#call(incoming, token);
    const body = operation.body === "bytes" ? Buffer.alloc(0) : await readBody(incoming.request);
    const input = parseInput(operation, { ...incoming.query, ...parseBody(body), ...incoming.parts });
    const act = (): Promise<unknown> => this.#act(operation, incoming.name, input, call);
    if (operation.answer === "lines") return { kind: "lines", lines: (await act()) as AsyncIterable<unknown> };
    const { method = "GET", url = "/" } = incoming.request;
    const value =
      call.idempotencyKey === undefined || operation.effect === "read" || isContent(incoming.name)
        ? await act()
        : await this.#idempotency.once({ tenant: call.tenant, key: call.idempotencyKey, method, path: url, body }, act);
    return { kind: "json", value };
  }

  async #who(request: IncomingMessage): Promise<Token> {
    const token = await this.#tokens.find(request.headers.authorization);
    if (!token) throw new SlipError("unauthorized");
    return token;
  }

  #call({ request, requestId, signal }: Incoming, { tenant, actor, sha256 }: Token): Call {
    const key = request.headers["idempotency-key"];
    if (key !== undefined && (typeof key !== "string" || !keyPattern.test(key)))
      throw new SlipError("invalid_input", "The idempotency key is 1–128 printable characters without spaces.");
    return { tenant, actor, tokenSha256: sha256, requestId, idempotencyKey: key, signal, body: request, journaled: false };
  }

  async #act(operation: Operation, name: OperationName, input: Record<string, unknown>, call: Call): Promise<unknown> {
    const handler = this.#handlers[name] as unknown as AnyHandler;
    const value = await handler(input, call);
    // Handlers journal in the transaction of their change; one that has none is journaled here.
    if (operation.effect !== "read" && !call.journaled && !isContent(name)) await journal(this.#database, call, { operation: name, input });
    return value;
  }
}

/** Contents are named by their hash: sending them twice changes nothing, and only the deployment that uses them is worth a journal entry. */
const isContent = (name: OperationName): boolean => name === "sources.check" || name === "sources.upload";
