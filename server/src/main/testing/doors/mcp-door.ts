// The operations as agents reach them: through tools, resources and prompts, which are few and do several each.
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type OperationName, operations } from "@slipstream/contract/operations/registry.ts";
import { tools } from "../../../control/api/mcp/tools.ts";
import type { Door, Outgoing, Way } from "../doors.ts";
import { lacks, notTools, toolCalls } from "./mcp-ways.ts";

type Values = Record<string, unknown>;

const revision = "2026-07-28";
const accept = "application/json, text/event-stream";
const meta = { "io.modelcontextprotocol/protocolVersion": revision, "io.modelcontextprotocol/clientCapabilities": {} };

/** A message of the revision that has no sessions: each stands for itself. */
const message = (method: string, params: Values = {}): Outgoing => {
  const name = params.name ?? params.uri;
  return {
    method: "POST",
    path: "/mcp",
    headers: {
      "content-type": "application/json",
      accept,
      "mcp-protocol-version": revision,
      "mcp-method": method,
      ...(typeof name === "string" ? { "mcp-name": name } : {}),
    },
    body: Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: meta } })),
  };
};

/** What opens a session, of the revision that has them. */
const opening: Outgoing = {
  method: "POST",
  path: "/mcp",
  headers: { "content-type": "application/json", accept },
  body: Buffer.from(
    JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
    }),
  ),
};

const besides = (): Way[] => [
  ...["server/discover", "tools/list", "prompts/list", "resources/templates/list"].map((name): Way => ({ name, does: [], request: () => message(name) })),
  { name: "initialize", does: [], request: () => opening },
  ...["GET", "DELETE"].map((method): Way => ({ name: method, does: [], request: () => ({ method, path: "/mcp", headers: { accept } }) })),
];

interface Told {
  error?: { code: string | number; message: string; data?: { code?: string } };
  result?: { isError?: boolean; structuredContent?: { code?: string; message?: string } };
}

const codeOf = (text: string): string | undefined => {
  const json = text.startsWith("{") ? text : /^data: (\{.*)$/m.exec(text)?.[1];
  const { error, result }: Told = json === undefined ? {} : JSON.parse(json);
  if (typeof error?.code === "string") return error.code;
  if (error && error.data?.code === undefined) throw new Error(`The answer is an error without a code: ${text}`);
  const code = error?.data?.code ?? (result?.isError ? result.structuredContent?.code : undefined);
  if (result?.isError && code === undefined) throw new Error(`The answer is a failure without a code: ${text}`);
  return code;
};

const sources = resolve(import.meta.dirname, "../../../control/api/mcp");

/** Whatever operation is named in what the door is made of. */
const reaches = (): OperationName[] => {
  const files = globSync("{*,tools/*}.ts", { cwd: sources }).filter((file) => !file.endsWith(".test.ts"));
  const words = new Set(files.flatMap((file) => readFileSync(resolve(sources, file), "utf8").match(/"[a-z]+\.[a-z]+"/g) ?? []));
  return (Object.keys(operations) as OperationName[]).filter((name) => words.has(`"${name}"`));
};

export const mcpDoor = (): Door => {
  const asked = new Set(toolCalls.map(({ tool }) => tool));
  const unasked = tools.filter(({ name }) => !asked.has(name));
  if (unasked.length > 0) throw new Error(`Nobody asks the tools ${unasked.map(({ name }) => name).join(", ")}.`);
  return {
    name: "MCP",
    resource: "/mcp",
    ways: [
      ...toolCalls.map(({ tool: name, does, from }): Way => ({ name, does, request: (input) => message("tools/call", { name, arguments: from(input) }) })),
      ...notTools.map(({ method, name, does, from }): Way => ({ name: `${method} ${name}`, does, request: (input) => message(method, from(input)) })),
    ],
    besides: besides(),
    lacks,
    reaches,
    codeOf,
    isEnough: () => false,
  };
};
