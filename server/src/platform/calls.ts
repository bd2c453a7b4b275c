// Serves typed calls between our own processes on a Unix socket. The other end is contract/src/ports/calls.ts.
import { chmodSync, chownSync, mkdirSync, rmSync } from "node:fs";
import type http from "node:http";
import type { Socket } from "node:net";
import { dirname } from "node:path";
import { SlipError, toErrorBody } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import type { Call, Calls } from "@slipstream/contract/ports/calls.ts";
import { keptProtocol } from "@slipstream/contract/ports/kept-line.ts";
import type { z } from "zod";
import { asDiskFull } from "./disk-full.ts";
import { type AnswerLine, KeptLines } from "./kept-lines.ts";
import type { Log } from "./log.ts";

/** A handler gets the parsed input, and a signal that aborts when the caller went away. */
export type Handlers<C extends Calls> = { [K in keyof C]: (input: z.output<C[K]["input"]>, signal: AbortSignal) => Promise<z.input<C[K]["output"]>> };

interface Served {
  call: Call;
  pattern: RegExp;
  handler: (input: unknown, signal: AbortSignal) => Promise<unknown>;
}

const readBody = async (request: http.IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > limit("requestBytes")) throw new SlipError("too_large");
    chunks.push(chunk as Buffer);
  }
  return size === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
};

const answer = (response: http.ServerResponse, status: number, value: unknown): void => {
  const body = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
};

const pathOf = (request: http.IncomingMessage): string => (request.url ?? "").split("?")[0] ?? "";

const isOf = ({ call, pattern }: Served, request: http.IncomingMessage): boolean => call.method === request.method && pattern.test(pathOf(request));

const serveOne = async (served: Served[], request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
  const path = pathOf(request);
  const found = served.find((one) => isOf(one, request));
  if (!found) throw new SlipError("not_found", `There is no ${request.method} ${path}.`);
  const gone = new AbortController();
  response.on("close", () => response.writableFinished || gone.abort());
  const id = found.pattern.exec(path)?.[1];
  const input = { ...((await readBody(request)) as object), ...(id === undefined ? {} : { id: decodeURIComponent(id) }) };
  answer(response, 200, await found.handler(found.call.input.parse(input), gone.signal));
};

/** What failed, in the words of the catalogue; our defects are logged. */
const known = (error: unknown, request: http.IncomingMessage, log: Log): SlipError => {
  const known = error instanceof SlipError ? error : (asDiskFull(error) ?? new SlipError("internal", error instanceof Error ? error.message : String(error)));
  if (known.code === "internal") log.error(`${request.method} ${request.url} failed`, error);
  return known;
};

/** A kept connection is one of our own processes, which waits for each answer. */
const never = new AbortController().signal;

const lineAnswerer =
  ({ call, handler }: Served, request: http.IncomingMessage, log: Log): AnswerLine =>
  async (text) => {
    try {
      return { value: await handler(call.input.parse(JSON.parse(text)), never) };
    } catch (error) {
      return toErrorBody(known(error, request, log));
    }
  };

/** Closes the connections that are kept with the others: nobody shall be asked who listens no more. */
class CallServer extends nodeHttp.Server {
  readonly kept = new KeptLines();

  override close(closed?: (error?: Error) => void): this {
    this.kept.end();
    return super.close(closed);
  }
}

/** Listens on `socketPath` (mode 0660, `group` where given) and answers the calls. Resolves when it listens. */
export const serveCalls = <C extends Calls>(
  calls: C,
  handlers: Handlers<C>,
  options: { socketPath: string; group?: number; log: Log },
): Promise<http.Server> => {
  const served = Object.entries(calls).map(([name, call]) => ({
    call,
    pattern: new RegExp(`^${call.path.replace(":id", "([^/]+)")}$`),
    handler: handlers[name] as Served["handler"],
  }));
  const server = new CallServer({ requestTimeout: 0 }, (request, response) => {
    serveOne(served, request, response).catch((error: unknown) => {
      const failed = known(error, request, options.log);
      if (!response.headersSent) answer(response, failed.status, toErrorBody(failed));
    });
  });
  server.on("upgrade", (request, socket: Socket) => {
    const found = served.find((one) => one.call.kept && isOf(one, request));
    if (!found || request.headers.upgrade !== keptProtocol) socket.destroy();
    else server.kept.serve(socket, lineAnswerer(found, request, options.log));
  });
  mkdirSync(dirname(options.socketPath), { recursive: true });
  rmSync(options.socketPath, { force: true });
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(options.socketPath, () => {
      if (options.group !== undefined && process.getuid?.() === 0) chownSync(options.socketPath, 0, options.group);
      chmodSync(options.socketPath, 0o660);
      resolve(server);
    });
  });
};
