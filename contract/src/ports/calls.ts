// One typed call of one of our processes to another: HTTP with JSON over a Unix socket, or lines over a connection that is kept (kept-line.ts).
import type http from "node:http";
import type { z } from "zod";
import { fromErrorBody, SlipError } from "../errors.ts";
import { nodeHttp } from "../node-http.ts";
import { type CallOptions, KeptLine } from "./kept-line.ts";

export interface Call {
  method: string;
  path: string;
  input: z.ZodType;
  output: z.ZodType;
  /** It is asked over a connection that stays open for it: for what somebody waits for, again and again. Its path names no `:id`. */
  kept?: true;
}
export type Calls = Record<string, Call>;
export type Callers<C extends Calls> = {
  [K in keyof C]: (input: z.input<C[K]["input"]>, options?: CallOptions) => Promise<z.output<C[K]["output"]>>;
};

interface Neighbour {
  socketPath: string;
  agent: http.Agent;
}

const unreachable = (socketPath: string, error: NodeJS.ErrnoException): Error =>
  error instanceof SlipError || error.name === "AbortError" ? error : new SlipError("unreachable", `${socketPath}: ${error.code ?? error.message}`);

const readAnswer = (answer: http.IncomingMessage, call: Call): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("error", reject);
    answer.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      try {
        const value: unknown = text === "" ? {} : JSON.parse(text);
        if ((answer.statusCode ?? 500) < 400) resolve(value);
        else reject(fromErrorBody(value));
      } catch {
        reject(new SlipError("internal", `An answer of ${call.method} ${call.path} is not JSON.`));
      }
    });
  });

const headersOf = (body: string | undefined): http.OutgoingHttpHeaders =>
  body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };

const request = ({ socketPath, agent }: Neighbour, call: Call, input: unknown, options: CallOptions): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const id = (input as { id?: string }).id ?? "";
    const body = call.method === "GET" || call.method === "DELETE" ? undefined : JSON.stringify(input);
    const { signal, timeoutMs } = options;
    const path = call.path.replace(":id", encodeURIComponent(id));
    const sent = nodeHttp.request({ socketPath, agent, method: call.method, path, headers: headersOf(body), ...(signal ? { signal } : {}) });
    if (timeoutMs !== undefined)
      sent.setTimeout(timeoutMs, () => sent.destroy(new SlipError("unreachable", `${call.method} ${call.path} did not answer in ${timeoutMs} ms.`)));
    sent.on("response", (answer) => readAnswer(answer, call).then(resolve, (error: NodeJS.ErrnoException) => reject(unreachable(socketPath, error))));
    sent.on("error", (error: NodeJS.ErrnoException) => {
      // A kept connection that the other end had just closed: every call can be asked again.
      if (sent.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE"))
        resolve(request({ socketPath, agent: new nodeHttp.Agent() }, call, input, options));
      else reject(unreachable(socketPath, error));
    });
    sent.end(body);
  });

type Ask = (input: unknown, options: CallOptions) => Promise<unknown>;

/** What is asked often is checked by the other end alone. */
const askerOf = (neighbour: Neighbour, call: Call): Ask => {
  if (!call.kept) return (input, options) => request(neighbour, call, call.input.parse(input), options);
  const line = new KeptLine({ socketPath: neighbour.socketPath, method: call.method, path: call.path });
  return (input, options) => line.ask(input, options);
};

/**
 * Callers for every call of `calls`, at the process that listens on `socketPath`. They reject with a SlipError; without
 * `timeoutMs` they wait for as long as the other end works.
 */
export const callers = <C extends Calls>(calls: C, socketPath: string): Callers<C> => {
  const neighbour = { socketPath, agent: new nodeHttp.Agent({ keepAlive: true, maxFreeSockets: 4 }) };
  return Object.fromEntries(
    Object.entries(calls).map(([name, call]) => {
      const ask = askerOf(neighbour, call);
      return [name, async (input: unknown, options = {}) => call.output.parse(await ask(input, options))];
    }),
  ) as Callers<C>;
};
