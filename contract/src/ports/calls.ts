// One typed call of one of our processes to another: HTTP with JSON over a Unix socket.
import http from "node:http";
import type { z } from "zod";
import { fromErrorBody, SlipError } from "../errors.ts";

export interface Call {
  method: string;
  path: string;
  input: z.ZodType;
  output: z.ZodType;
}
export type Calls = Record<string, Call>;
export type Callers<C extends Calls> = {
  [K in keyof C]: (input: z.input<C[K]["input"]>, options?: { signal?: AbortSignal; timeoutMs?: number }) => Promise<z.output<C[K]["output"]>>;
};

const request = (socketPath: string, call: Call, input: unknown, options: { signal?: AbortSignal; timeoutMs?: number }): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const id = (input as { id?: string }).id ?? "";
    const body = call.method === "GET" || call.method === "DELETE" ? undefined : JSON.stringify(input);
    const sent = http.request(
      {
        socketPath,
        method: call.method,
        path: call.path.replace(":id", encodeURIComponent(id)),
        headers: body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        ...(options.signal ? { signal: options.signal } : {}),
        ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
      },
      (answer) => {
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
      },
    );
    sent.on("timeout", () => sent.destroy(new SlipError("unreachable", `${call.method} ${call.path} did not answer in ${options.timeoutMs} ms.`)));
    sent.on("error", (error: NodeJS.ErrnoException) =>
      reject(error instanceof SlipError || error.name === "AbortError" ? error : new SlipError("unreachable", `${socketPath}: ${error.code ?? error.message}`)),
    );
    sent.end(body);
  });

/** Callers for every call of `calls`, at the process that listens on `socketPath`. They reject with a SlipError. */
export const callers = <C extends Calls>(calls: C, socketPath: string): Callers<C> =>
  Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [
      name,
      async (input: unknown, options = {}) => call.output.parse(await request(socketPath, call, call.input.parse(input), options)),
    ]),
  ) as Callers<C>;
