// How a static site is served: the platform's own static server, on Node.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { portOf } from "../port.ts";

export const siteProcess = (config: AppConfig, fallback: boolean): Pick<BuildPlan, "process" | "runtime"> => ({
  runtime: [
    { name: "node", version: "default" },
    { name: "static", version: "default" },
  ],
  process: {
    command: config.run?.command ?? ["node", "/opt/static-server/main.mjs", "/app", ...(fallback ? ["--fallback"] : [])],
    env: { NODE_ENV: "production" },
    port: portOf(config),
  },
});
