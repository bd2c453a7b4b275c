// How an artifact starts its program, as the image says it.
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { argumentsOf } from "#platform/command.ts";
import type { Image } from "#platform/oci/image.ts";

export const sandboxPath = "/app/node_modules/.bin:/app/.venv/bin:/usr/local/bin:/usr/bin:/bin";

export const imageProcess = ({ command, env, port }: BuildPlan["process"]): Image["config"] => ({
  args: argumentsOf(command),
  env: { PATH: sandboxPath, LANG: "C.UTF-8", HOME: "/tmp", ...env, PORT: String(port) },
  cwd: "/app",
  port,
});
