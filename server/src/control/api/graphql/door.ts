// GraphQL over HTTP at /graphql. The protocol is graphql-http's; who asks, the limits and the errors are ours, as at every door.
import { SlipError } from "@slipstream/contract/errors.ts";
import { type ExecutionArgs, GraphQLError, type GraphQLSchema } from "graphql";
import { createHandler, parseRequestParams, type Response as Reply, type Request, type RequestParams } from "graphql-http";
import type { Log } from "#platform/log.ts";
import { type DoorContext, goneSignal, type Who } from "../environment.ts";
import { markFailure } from "../failure.ts";
import type { Gate } from "../gate.ts";
import { knownError } from "../known-error.ts";
import { readBody } from "../parse.ts";
import { Ask } from "./ask.ts";
import { eventStream, wantsEvents } from "./event-stream.ts";
import { errorsBody, withCode } from "./failure.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { graphqlSchema } from "./schema.ts";

export interface DoorParts {
  gate: Pick<Gate, "pass">;
  who: Who;
  /** What the operations of a request cost, besides the request itself. */
  spend: (context: DoorContext, points: number) => void;
  log: Log;
}

type HttpRequest = Request<undefined, undefined>;

const json = { "content-type": "application/json; charset=utf-8" };

/** Clients that send a hash in place of a query look for this very message, and send the query then. */
const notPersisted = "PersistedQueryNotSupported";

const paramsOf = async (request: HttpRequest): Promise<RequestParams | Reply> => {
  try {
    return await parseRequestParams(request);
  } catch (error) {
    const isHash = String(request.body ?? request.url).includes("persistedQuery") && String(error).includes("Missing query");
    throw new SlipError("invalid_input", isHash ? notPersisted : (error as Error).message);
  }
};

const isReply = (value: RequestParams | Prepared | readonly GraphQLError[] | Reply): value is Reply =>
  Array.isArray(value) && value[0] instanceof Error === false;

/** One request on its way through the door. */
class Visit {
  readonly #parts: DoorParts;
  readonly #schema: GraphQLSchema;
  readonly #context: DoorContext;
  readonly #requestId: string;
  readonly #signal: AbortSignal;
  #operations = 0;

  constructor(parts: DoorParts, schema: GraphQLSchema, context: DoorContext) {
    this.#parts = parts;
    this.#schema = schema;
    this.#context = context;
    this.#requestId = context.get("requestId");
    this.#signal = goneSignal(context.env.outgoing);
  }

  async answer(): Promise<Response> {
    const { who, gate } = this.#parts;
    const token = await who(this.#context);
    const { req, env } = this.#context;
    const body = req.method === "POST" ? (await readBody(env.incoming, this.#context.get("takeRoom"))).toString("utf8") : null;
    const idempotencyKey = req.header("idempotency-key");
    const ask = new Ask({ gate, token, requestId: this.#requestId, idempotencyKey, signal: this.#signal, spent: () => this.#spent() });
    const headers = { get: (name: string) => req.header(name) ?? null };
    const request: HttpRequest = { method: req.method, url: req.url, headers, body, raw: undefined, context: undefined };
    return wantsEvents(req.header("accept")) ? this.#stream(request, ask) : this.#single(request, ask);
  }

  /** The first operation is what the request itself costs. */
  #spent(): void {
    if (this.#operations > 0) this.#parts.spend(this.#context, 1);
    this.#operations += 1;
  }

  async #single(request: HttpRequest, ask: Ask): Promise<Response> {
    const handle = createHandler<undefined, undefined, never>({
      parseRequestParams: paramsOf,
      onSubscribe: (_, params) => {
        const found = this.#prepare(request, params, ask);
        return "size" in found ? (this.#args(found, ask) as never) : found;
      },
      formatError: (error) => this.#format(error),
    });
    return this.#reply(await handle(request));
  }

  async #stream(request: HttpRequest, ask: Ask): Promise<Response> {
    const params = await paramsOf(request);
    if (isReply(params)) return this.#reply(params);
    const found = this.#prepare(request, params, ask);
    if (isReply(found)) return this.#reply(found);
    if (!("size" in found))
      return this.#reply([JSON.stringify({ errors: found.map((error) => this.#format(error)) }), { status: 400, statusText: "", headers: json }]);
    const events = await eventStream(found, this.#args(found, ask), (error) => this.#format(error));
    return this.#context.body(events, 200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
  }

  #prepare(request: HttpRequest, params: RequestParams, ask: Ask): Prepared | readonly GraphQLError[] | Reply {
    try {
      const found = prepare(this.#schema, params);
      if (!("size" in found) || found.operation.operation !== "mutation") return found;
      ask.mutations = found.size.fields;
      return request.method === "POST" ? found : this.#onlyByPost();
    } catch (error) {
      if (!(error instanceof SlipError)) throw error;
      return [new GraphQLError(error.message, { originalError: error })];
    }
  }

  #args({ args }: Prepared, ask: Ask): ExecutionArgs {
    return { ...args, contextValue: ask, abortSignal: this.#signal };
  }

  #onlyByPost(): Reply {
    const error = new SlipError("invalid_input", "A change is asked for with POST.", { next: "Send it as the JSON body of a POST." });
    return [JSON.stringify(errorsBody(error, this.#requestId)), { status: 405, statusText: "Method Not Allowed", headers: { allow: "POST", ...json } }];
  }

  #format(error: Readonly<Error>): GraphQLError {
    const told = withCode(error, this.#requestId);
    if (told.extensions.code === "internal") this.#parts.log.error("GraphQL failed", error, { requestId: this.#requestId, path: told.path?.join(".") });
    return told;
  }

  /** An answer without a body says what is wrong too. */
  #reply([body, { status, statusText, headers }]: Reply): Response {
    const said = body === null ? JSON.stringify(errorsBody(new SlipError("invalid_input", `${statusText}.`), this.#requestId)) : body;
    return this.#context.body(said, status as 200, { ...(body === null ? json : {}), ...headers, "cache-control": "no-store" });
  }
}

export const graphqlDoor = (parts: DoorParts): ((context: DoorContext) => Promise<Response>) => {
  const schema = graphqlSchema();
  return async (context) => {
    try {
      return await new Visit(parts, schema, context).answer();
    } catch (error) {
      const told = knownError(error);
      const requestId = context.get("requestId");
      if (told.code === "internal") parts.log.error("GraphQL failed", error, { requestId });
      markFailure(context, told);
      return context.json(errorsBody(told, requestId), told.status as 400);
    }
  };
};
