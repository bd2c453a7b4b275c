// The typed client of the operations, over the platform's Unix socket or over HTTPS.
import { randomUUID } from "node:crypto";
import type http from "node:http";
import { StringDecoder } from "node:string_decoder";
import { fromErrorBody, SlipError } from "./errors.ts";
import { type InputOf, type OperationName, type OutputOf, operations } from "./operations/registry.ts";

/** Where the platform is: its socket on this machine, or its address (`ca` is the PEM of an authority to trust besides the system's). */
export type Endpoint = { socketPath: string } | { url: string; ca?: string };
export interface ClientOptions {
  endpoint: Endpoint;
  token: string;
}
export interface CallOptions {
  signal?: AbortSignal;
  idempotencyKey?: string;
  /** Called when the platform begins to answer, before the first line. */
  onAnswer?: () => void;
}

interface Prepared {
  method: string;
  path: string;
  body: Buffer | undefined;
  contentType: string;
}

/** The HTTP request of an operation: path parts and query out of the input, the rest as body. Pure. */
export const prepare = (name: OperationName, input: Record<string, unknown>, bytes?: Buffer): Prepared => {
  const { method, path, body } = operations[name];
  const rest = { ...input };
  const filled = path.replace(/\{(\w+)\}/g, (_, key: string) => {
    const value = encodeURIComponent(String(rest[key] ?? ""));
    delete rest[key];
    return value;
  });
  if (body === "bytes") return { method, path: filled, body: bytes ?? Buffer.alloc(0), contentType: "application/octet-stream" };
  if (method !== "GET" && method !== "DELETE") return { method, path: filled, body: Buffer.from(JSON.stringify(rest)), contentType: "application/json" };
  const query = new URLSearchParams(Object.entries(rest).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])));
  return { method, path: query.size > 0 ? `${filled}?${query}` : filled, body: undefined, contentType: "" };
};

/** A broken connection as an error of the catalogue; its cause is kept, for callers that try again. An abort stays what it is. */
const unreachable = (error: NodeJS.ErrnoException): Error => {
  if (error.name === "AbortError") return error;
  const told = new SlipError("unreachable", `The platform cannot be reached (${error.code ?? error.message}).`);
  told.cause = error;
  return told;
};

/** Where to connect. Names below .localhost are this machine (RFC 6761 §6.3), whatever its resolver says. */
const targetOf = ({ hostname, port }: URL): http.RequestOptions & { servername?: string } => ({
  host: hostname.endsWith(".localhost") ? "127.0.0.1" : hostname.replace(/^\[|\]$/g, ""),
  port,
  ...(/^[\d.]+$|:/.test(hostname) ? {} : { servername: hostname }),
});

export interface Outgoing {
  method: string;
  path: string;
  headers: Record<string, string | number>;
  body: Buffer | undefined;
  signal?: AbortSignal;
}

/**
 * Sends a request with the token; gives its answer as it begins. Throws `unreachable`. An `import` of node:http would load its lazy parts
 * too, undici among them: 25 ms of every start of the CLI.
 */
export const openRequest = ({ endpoint, token }: ClientOptions, { method, path, headers, body, signal }: Outgoing): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    const all: Record<string, string | number> = { authorization: `Bearer ${token}`, ...headers };
    if (body) all["content-length"] = body.length;
    if ("url" in endpoint) all.host = new URL(endpoint.url).host;
    const common = { method, path, headers: all, ...(signal ? { signal } : {}) };
    const request =
      "socketPath" in endpoint
        ? process.getBuiltinModule("node:http").request({ ...common, socketPath: endpoint.socketPath }, resolve)
        : process
            .getBuiltinModule(endpoint.url.startsWith("http:") ? "node:http" : "node:https")
            .request({ ...common, ...targetOf(new URL(endpoint.url)), ...(endpoint.ca ? { ca: endpoint.ca } : {}) }, resolve);
    request.on("error", (error: NodeJS.ErrnoException) => reject(unreachable(error)));
    request.end(body);
  });

const send = (options: ClientOptions, { method, path, body, contentType }: Prepared, call: CallOptions): Promise<http.IncomingMessage> => {
  const headers: Record<string, string> = { accept: "application/json" };
  if (body) headers["content-type"] = contentType;
  if (method !== "GET") headers["idempotency-key"] = call.idempotencyKey ?? randomUUID();
  return openRequest(options, { method, path, headers, body, ...(call.signal ? { signal: call.signal } : {}) });
};

/** The chunks of an answer; a connection that breaks on the way is `unreachable`. */
export async function* chunksOf(answer: http.IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield chunk as Buffer;
  } catch (error) {
    throw unreachable(error as NodeJS.ErrnoException);
  }
}

export const readText = async (answer: http.IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of chunksOf(answer)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Calls operations. Each rejects with a SlipError of the catalogue; `unreachable` when nothing answers. */
export class Client {
  readonly #options: ClientOptions;
  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async call<N extends OperationName>(name: N, input: InputOf<N>, call: CallOptions & { bytes?: Buffer } = {}): Promise<OutputOf<N>> {
    const answer = await send(this.#options, prepare(name, input, call.bytes), call);
    const value = parseJson(await readText(answer));
    if ((answer.statusCode ?? 500) >= 400) throw fromErrorBody(value);
    return operations[name].output.parse(value) as OutputOf<N>;
  }

  /** The lines of an operation whose answer is "lines", as they come. Ends when the platform ends it or the signal aborts. */
  async *lines<N extends OperationName>(name: N, input: InputOf<N>, call: CallOptions = {}): AsyncGenerator<OutputOf<N>> {
    const answer = await send(this.#options, prepare(name, input), call);
    call.onAnswer?.();
    if ((answer.statusCode ?? 500) >= 400) throw fromErrorBody(parseJson(await readText(answer)));
    let rest = "";
    const decoder = new StringDecoder("utf8");
    for await (const chunk of chunksOf(answer)) {
      const parts = (rest + decoder.write(chunk)).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) if (part !== "") yield operations[name].output.parse(parseJson(part)) as OutputOf<N>;
    }
  }
}
