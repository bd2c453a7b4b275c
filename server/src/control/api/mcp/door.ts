// The agents' door: /mcp, made of the operations. Who asks is said by the same gate as for every other door.
import type { McpServer, RequestStateCodec, ServerContext } from "@modelcontextprotocol/server";
import { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { Log } from "#platform/log.ts";
import type { DoorContext, Who } from "../environment.ts";
import type { Gate } from "../gate.ts";
import { readBody } from "../parse.ts";
import { authOf, ownerIn, ownerOf } from "./asking.ts";
import { type Endpoint, mcpEndpoint } from "./endpoint.ts";
import { instructions } from "./instructions.ts";
import { registerPrompts } from "./prompts.ts";
import { registerResources } from "./resources.ts";
import { type Surface, serversOf } from "./surface.ts";
import { registrar } from "./tool.ts";
import { tools } from "./tools.ts";

/** What the parts of one server share. */
export interface Door {
  gate: Gate;
  states: RequestStateCodec;
  /** Whether the client can put a question to its user. */
  canAsk(context: ServerContext): boolean;
}

export interface McpParts {
  gate: Gate;
  who: Who;
  log: Log;
  version: string;
  /** Seals what a client holds between two rounds of a call. */
  key: Buffer;
  /** Host names that the platform has. */
  hosts: readonly string[];
}

/** A client that names no kind of question can show a form, which was the only kind once. */
const canAsk = (server: McpServer): boolean => {
  const elicitation = server.server.getClientCapabilities()?.elicitation;
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
};

const listTtlMs = 300_000;

const surfaceOf = ({ gate, log, version }: Pick<McpParts, "gate" | "log" | "version">): Surface => {
  const registerTools = registrar(tools);
  const list = { ttlMs: listTtlMs, cacheScope: "public" } as const;
  return {
    name: "slipstream",
    title: "Slipstream",
    version,
    instructions,
    capabilities: { tools: { listChanged: false }, resources: { listChanged: false }, prompts: { listChanged: false } },
    cacheHints: { "tools/list": list, "prompts/list": list, "resources/templates/list": list, "server/discover": list },
    askerOf: ownerIn,
    register(server, states) {
      const door: Door = { gate, states, canAsk: () => canAsk(server) };
      registerTools({ server, door, log });
      registerResources(server, gate);
      registerPrompts(server, gate);
    },
  };
};

const limits = {
  sessions: limit("mcpSessions"),
  sessionsOfOne: limit("mcpSessionsOfToken"),
  idleMs: limit("mcpSessionIdleMs"),
  eventBytes: limit("mcpEventBytes"),
  bodyBytes: limit("requestBytes"),
};

/** Names of this machine that need no resolver, for clients that come over the Unix socket. */
const local = ["localhost", "127.0.0.1", "[::1]"];

const serve = async (context: DoorContext, endpoint: Endpoint, who: Who): Promise<Response> => {
  const request = context.req.raw;
  const refused = endpoint.refuse(request);
  if (refused) return refused;
  if (!["GET", "POST", "DELETE"].includes(request.method))
    throw new SlipError("not_found", `There is no ${request.method} /mcp.`, { next: "Use POST; the protocol is MCP's Streamable HTTP." });
  const token = await who(context);
  const body = await readBody(context.env.incoming, context.get("takeRoom"));
  const auth = authOf({ token, requestId: context.get("requestId") });
  return endpoint.serve({ request, body, auth, owner: ownerOf(token) });
};

/** What answers at /mcp. */
export const mcpDoor = (parts: McpParts): ((context: DoorContext) => Promise<Response>) => {
  const make = serversOf(surfaceOf(parts), parts.key);
  const onError = (error: Error): void => parts.log.info("mcp: a request was refused", { error: error.message });
  const endpoint = mcpEndpoint({ make, hosts: [...parts.hosts, ...local], limits, onError });
  return (context) => serve(context, endpoint, parts.who);
};
