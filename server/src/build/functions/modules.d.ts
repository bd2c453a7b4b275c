// Modules that are there only where a function is bundled and runs.
declare module "slip:entry" {
  const entry: unknown;
  export default entry;
}

declare const addEventListener: (name: "unhandledrejection", listen: (event: { reason: unknown }) => void) => void;

declare module "cloudflare:node" {
  import type { Server } from "node:http";

  export const httpServerHandler: (server: Server) => { fetch(request: Request, env: unknown, context: unknown): Promise<Response> };
}
