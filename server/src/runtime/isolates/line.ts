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

/** Gives why the function cannot be loaded, undefined when it is. Rejects when the process does not answer. */
export const load = async (line: Line, place: number, what: LoadRequest): Promise<string | undefined> => {
  const { status, text } = await ask(line, { method: "PUT", path: `/${place}`, body: JSON.stringify(what), timeoutMs: loadMs });
  return status === 200 ? undefined : text || `The router answered ${status}.`;
};

export const unload = async (line: Line, place: number): Promise<void> => {
  await ask(line, { method: "DELETE", path: `/${place}`, timeoutMs: loadMs });
};
