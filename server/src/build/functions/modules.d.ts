// Modules that are there only where a function is bundled and runs.
declare module "slip:entry" {
  const entry: unknown;
  export default entry;
}

declare function addEventListener(name: "unhandledrejection", listen: (event: { reason: unknown }) => void): void;
declare function addEventListener(name: "error", listen: (event: { error: unknown; message: string }) => void): void;

declare module "cloudflare:node" {
  import type { Server } from "node:http";

  export const httpServerHandler: (server: Server) => { fetch(request: Request, env: unknown, context: unknown): Promise<Response> };
}
