// A set of tools, resources and prompts as a server of the protocol; the door and the conformance test differ in nothing but this.
import { createRequestStateCodec, McpServer, type McpServerOptions, type RequestStateCodec, type ServerContext } from "@modelcontextprotocol/server";

export interface Surface {
  name: string;
  title: string;
  version: string;
  instructions: string;
  capabilities: NonNullable<McpServerOptions["capabilities"]>;
  cacheHints?: NonNullable<McpServerOptions["cacheHints"]>;
  /** Who asks, as text: what was confirmed by one caller is no confirmation for another. */
  askerOf(context: ServerContext): string;
  register(server: McpServer, states: RequestStateCodec): void;
}

/** Most elements of the arguments of one tool call. */
const elementsMax = 100_000;

/** Makes servers of a surface, all with the same key for the state that a client holds between two rounds of a call. */
export const serversOf = (surface: Surface, key: Buffer): (() => McpServer) => {
  const states = createRequestStateCodec({ key, bind: (context) => `${context.mcpReq.method}\0${surface.askerOf(context)}` });
  const { name, title, version, instructions, capabilities, cacheHints } = surface;
  return () => {
    const server = new McpServer(
      { name, title, version },
      { instructions, capabilities, ...(cacheHints ? { cacheHints } : {}), requestState: { verify: states.verify }, maxToolInputElements: elementsMax },
    );
    surface.register(server, states);
    return server;
  };
};
