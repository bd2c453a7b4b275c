// Messages of the protocol (JSON-RPC 2.0), as far as the bridge looks into them. Pure.

export type Json = Record<string, unknown>;
export type Id = string | number;
export interface Request extends Json {
  id: Id;
  method: string;
  params?: Json;
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

export const isRequest = (message: unknown): message is Request =>
  isObject(message) && typeof message.method === "string" && (typeof message.id === "string" || typeof message.id === "number");

/** The request that a message answers. */
export const answeredBy = (message: unknown): Id | undefined =>
  isObject(message) && ("result" in message || "error" in message) && (typeof message.id === "string" || typeof message.id === "number")
    ? message.id
    : undefined;

export const fieldOf = (message: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), message);

const revisionKey = "io.modelcontextprotocol/protocolVersion";

/** The revision that a message itself names; those up to 2025-11-25 name theirs once, when a session begins. */
export const revisionOf = (message: unknown): string | undefined => {
  const revision = fieldOf(message, "params", "_meta", revisionKey);
  return typeof revision === "string" ? revision : undefined;
};

const namedBy: Readonly<Record<string, string>> = { "tools/call": "name", "prompts/get": "name", "resources/read": "uri" };

/** What a header cannot hold as it is stands in it as Base64 (Streamable HTTP, custom headers). */
export const headerText = (text: string): string =>
  /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/i.test(text) ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;

/** The headers that Streamable HTTP wants of a message that names its revision. */
export const headersOf = (message: unknown, revision: string): Record<string, string> => {
  const method = fieldOf(message, "method");
  if (typeof method !== "string") return { "mcp-protocol-version": revision };
  const name = fieldOf(message, "params", namedBy[method] ?? "");
  return { "mcp-protocol-version": revision, "mcp-method": headerText(method), ...(typeof name === "string" ? { "mcp-name": headerText(name) } : {}) };
};

export const errorFor = (id: Id, message: string, data?: unknown): Json => ({
  jsonrpc: "2.0",
  id,
  error: { code: -32_603, message, ...(data === undefined ? {} : { data }) },
});

/** The result of a tool that could not be called, as the platform would give it. */
export const toolErrorFor = (id: Id, error: { code: string; message: string; next: readonly string[] }): Json => ({
  jsonrpc: "2.0",
  id,
  result: { resultType: "complete", content: [{ type: "text", text: JSON.stringify(error) }], structuredContent: error, isError: true },
});

const keyName = "slipstream/idempotency-key";

/** Calls of tools carry a key, so that one that is sent again is done once. */
export const withKey = (request: Request, key: string): Request => {
  if (request.method !== "tools/call") return request;
  const meta = fieldOf(request, "params", "_meta");
  return { ...request, params: { ...request.params, _meta: { [keyName]: key, ...(isObject(meta) ? meta : {}) } } };
};
