// Streamable HTTP: the current revision of the protocol, which knows no sessions, and those before, which do.
import {
  type AuthInfo,
  createMcpHandler,
  hostHeaderValidationResponse,
  isInitializeRequest,
  isJsonContentType,
  isLegacyRequest,
  type McpServer,
  originValidationResponse,
  type ServerNotifier,
} from "@modelcontextprotocol/server";
import { type Exchange, type SessionLimits, Sessions } from "./sessions.ts";

export interface EndpointOptions {
  make: () => McpServer;
  /** Host names that a request may name, as host and as origin: others are of a page that had a name point here (DNS rebinding). */
  hosts: readonly string[];
  limits: SessionLimits & { bodyBytes: number };
  onError(error: Error): void;
}

export interface Asked {
  request: Request;
  /** The body as it came, at most `bodyBytes`. */
  body: Buffer;
  auth: AuthInfo;
  owner: string;
}

export interface Endpoint {
  /** Whether a request comes from where it may. Undefined when it does. */
  refuse(request: Request): Response | undefined;
  serve(asked: Asked): Promise<Response>;
  /** Tells those who listen that a list has changed. */
  notify: ServerNotifier;
  close(): Promise<void>;
}

const refusal = (status: number, code: number, message: string): Response => Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status });

const parse = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
};

export const mcpEndpoint = ({ make, hosts, limits, onError }: EndpointOptions): Endpoint => {
  const sessions = new Sessions(make, limits);
  const current = createMcpHandler(() => make(), { legacy: "reject", onerror: onError, maxRequestBodySize: limits.bodyBytes });

  const serveSession = async (exchange: Exchange): Promise<Response> => {
    const id = exchange.request.headers.get("mcp-session-id");
    if (id !== null) return (await sessions.serve(id, exchange)) ?? refusal(404, -32_001, "Session not found");
    if (exchange.request.method === "POST" && isInitializeRequest(exchange.body)) return sessions.open(exchange);
    return refusal(400, -32_000, "Bad Request: Mcp-Session-Id header is required");
  };

  return {
    refuse: (request) => hostHeaderValidationResponse(request, [...hosts]) ?? originValidationResponse(request, [...hosts]),
    async serve({ request, body: bytes, auth, owner }) {
      const isPost = request.method === "POST";
      if (isPost && !isJsonContentType(request.headers.get("content-type"))) return refusal(415, -32_000, "Content-Type must be application/json");
      const body = isPost ? parse(bytes) : undefined;
      if (isPost && body === undefined) return refusal(400, -32_700, "Parse error: the body is not JSON");
      if (await isLegacyRequest(request, body)) return serveSession({ request, body, auth, owner });
      return current.fetch(request, { authInfo: auth, ...(body === undefined ? {} : { parsedBody: body }) });
    },
    notify: current.notify,
    async close() {
      await Promise.all([sessions.close(), current.close()]);
    },
  };
};
