// The doors of the platform, as those who try them see them: one question, and the error or the value that answers. A door that is
// added here goes through the matrix of access and meets every wrong token.
import type http from "node:http";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import type { OperationName } from "@slipstream/contract/operations/registry.ts";
import type { ControlPlane } from "./control-plane.ts";
import { graphqlDoor } from "./doors/graphql-door.ts";
import { mcpDoor } from "./doors/mcp-door.ts";
import { restDoor } from "./doors/rest-door.ts";

type Input = Record<string, unknown>;

export interface Outgoing {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: Buffer | undefined;
}

/** One thing that can be asked for at a door. */
export interface Way {
  name: string;
  /** The operations that it does, in this order; the input is that of the last one. */
  does: readonly OperationName[];
  request(input: Input, bytes?: Buffer): Outgoing;
}

export interface Door {
  name: string;
  /** What its metadata calls it (RFC 9728): "" = the API. */
  resource: "" | "/mcp";
  ways: readonly Way[];
  /** What a caller can ask for that does no operation. */
  besides: readonly Way[];
  /** Operations that it does not have, each with the reason. */
  lacks: Readonly<Partial<Record<OperationName, string>>>;
  /** The operations that can be done through it, by what it is made of and not by the list of ways. */
  reaches(): readonly OperationName[];
  /** The code of the error; undefined when there was none. Throws for a question that the door does not understand. */
  codeOf(text: string): string | undefined;
  /** Whether the first lines have come of those that may go on for long. */
  isEnough(type: string, text: string): boolean;
}

export interface Question {
  way: Way;
  input: Input;
  bytes?: Buffer | undefined;
  /** Header fields as they are sent; a list is sent as several fields. */
  headers: Record<string, string | string[]>;
  /** Put behind the address. */
  query?: string | undefined;
}
export interface Answered {
  status: number;
  /** The code of the error; undefined when there was none. */
  code: string | undefined;
  /** All that came, of lines the first one. */
  text: string;
  /** What WWW-Authenticate says. */
  challenge: string | undefined;
}

export interface OpenDoor extends Door {
  ask(question: Question): Promise<Answered>;
}

const asking =
  (plane: ControlPlane, agent: http.Agent, door: Door) =>
  ({ way, input, bytes, headers, query = "" }: Question): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const { method, path, headers: own, body } = way.request(input, bytes);
      const url = query === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${query}`;
      const sent = { host: "localhost", ...own, ...headers, ...(body ? { "content-length": String(body.length) } : {}) };
      const request = nodeHttp.request({ socketPath: plane.home.controlSocket, method, path: url, headers: sent, agent }, (answer) => {
        const { "content-type": type = "", "www-authenticate": challenge } = answer.headers;
        let text = "";
        answer.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          if (door.isEnough(type, text)) request.destroy();
        });
        answer.on("close", () => {
          try {
            resolve({ status: answer.statusCode ?? 0, text, code: door.codeOf(text), challenge });
          } catch (error) {
            reject(error);
          }
        });
        answer.on("error", () => undefined);
      });
      request.on("error", (error) => (request.destroyed ? undefined : reject(error)));
      request.end(body);
    });

/** All doors, over connections that they share. */
export const doorsOf = (plane: ControlPlane): { doors: OpenDoor[]; close(): void } => {
  const agent = new nodeHttp.Agent({ keepAlive: true, maxSockets: 16 });
  const doors = [restDoor(), graphqlDoor(), mcpDoor()].map((door) => ({ ...door, ask: asking(plane, agent, door) }));
  return { doors, close: () => agent.destroy() };
};
