// What the host process says to the router of a project's functions: requests to a port in the sandbox's network, with a secret.
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import type { FunctionModule } from "@slipstream/contract/ports/function-bundle.ts";
import { controlPort } from "./places.ts";

export interface LoadRequest {
  compatibilityDate: string;
  compatibilityFlags: readonly string[];
  /** The main one first; `content` is text, or in base64. */
  modules: readonly (Pick<FunctionModule, "name" | "kind"> & { content: string })[];
  env: Readonly<Record<string, string>>;
  /** Stands before and after what the function says. */
  mark: string;
}

export interface Line {
  address: string;
  secret: string;
}

interface Question {
  method: "GET" | "PUT" | "POST" | "DELETE";
  path: string;
  body?: string;
  timeoutMs: number;
}

const answerBytesMax = 64 * 1_024;
const loadMs = 30_000;

/** Rejects when nothing answers in time. */
export const ask = ({ address, secret }: Line, { method, path, body, timeoutMs }: Question): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = { authorization: secret, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) };
    const request = nodeHttp.request({ host: address, port: controlPort, method, path, headers, agent: false, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (text.length > answerBytesMax) response.destroy(new Error("It answered too much."));
      });
      response.on("error", reject).on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on("error", reject).end(body);
  });

export const isAnswering = async (line: Line, timeoutMs: number): Promise<boolean> => {
  try {
    return (await ask(line, { method: "GET", path: "/", timeoutMs })).status === 200;
  } catch {
    return false;
  }
};

const troubleIn = ({ status, text }: { status: number; text: string }): string | undefined =>
  status === 200 ? undefined : text || `The router answered ${status}.`;

/** `what` is a LoadRequest as JSON. Gives why the function cannot be loaded, undefined when it is. Rejects when the process does not answer. */
export const load = async (line: Line, place: number, what: string): Promise<string | undefined> =>
  troubleIn(await ask(line, { method: "PUT", path: `/${place}`, body: what, timeoutMs: loadMs }));

export type WokenFunction = { isThere: false } | { isThere: true; trouble: string | undefined };

/** Loads what rests there, unless a request has done so. Rejects as `load` does. */
export const wake = async (line: Line, place: number, mark: string): Promise<WokenFunction> => {
  const answer = await ask(line, { method: "POST", path: `/${place}/wake/${mark}`, timeoutMs: loadMs });
  return answer.status === 404 ? { isThere: false } : { isThere: true, trouble: troubleIn(answer) };
};

/** Ends a function, and leaves what it takes to load it again, as JSON, with the router: its next request loads it. */
export const rest = async (line: Line, place: number, what: string): Promise<void> => {
  await ask(line, { method: "PUT", path: `/${place}/rest`, body: what, timeoutMs: loadMs });
};

export const unload = async (line: Line, place: number): Promise<void> => {
  await ask(line, { method: "DELETE", path: `/${place}`, timeoutMs: loadMs });
};
