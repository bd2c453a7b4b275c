// The doors of the platform, as those who try them see them: one question, and the error or the value that answers. A door that is
// added here goes through the matrix of access and meets every wrong token.
import http from "node:http";
import { prepare } from "@slipstream/contract/client.ts";
import type { InputOf, OperationName } from "@slipstream/contract/operations/registry.ts";
import type { ControlPlane } from "./control-plane.ts";

export interface Question<N extends OperationName = OperationName> {
  name: N;
  input: InputOf<N>;
  bytes?: Buffer;
  /** Header fields as they are sent; a list is sent as several fields. */
  headers: Record<string, string | string[]>;
  /** Put behind the address. */
  query?: string;
}
export interface Answered {
  status: number;
  /** The code of the error; undefined when there was none. */
  code?: string;
  /** All that came, of lines the first one. */
  text: string;
}
export interface Door {
  name: string;
  ask(question: Question): Promise<Answered>;
}

const codeOf = (text: string): string | undefined => {
  try {
    return (JSON.parse(text) as { error?: { code?: string } }).error?.code;
  } catch {
    return undefined;
  }
};

const restDoor = (plane: ControlPlane, agent: http.Agent): Door => ({
  name: "REST",
  ask: ({ name, input, bytes, headers, query = "" }) =>
    new Promise((resolve, reject) => {
      const { method, path, body, contentType } = prepare(name, input, bytes);
      const url = query === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${query}`;
      const sent = { ...headers, ...(body ? { "content-type": contentType, "content-length": String(body.length) } : {}) };
      const request = http.request({ socketPath: plane.home.controlSocket, method, path: url, headers: sent, agent }, (answer) => {
        let text = "";
        const done = (): void => {
          const code = codeOf(text);
          resolve({ status: answer.statusCode ?? 0, text, ...(code === undefined ? {} : { code }) });
        };
        answer.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          // Lines that go on until their end are not waited for.
          if (answer.headers["content-type"] === "application/x-ndjson") request.destroy();
        });
        answer.on("close", done);
        answer.on("error", () => undefined);
      });
      request.on("error", (error) => (request.destroyed ? undefined : reject(error)));
      request.end(body);
    }),
});

export const doorsOf = (plane: ControlPlane): { doors: Door[]; close(): void } => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  return { doors: [restDoor(plane, agent)], close: () => agent.destroy() };
};
