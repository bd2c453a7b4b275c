// How an artifact starts its program, as the image says it.
import { posix } from "node:path";
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { argumentsOf } from "#platform/command.ts";
import type { Image } from "#platform/oci/image.ts";

const top = "/app";

/** Where programs run that run in a folder below the top of the tree, and where they find others: what that has installed comes first. */
export const placeOf = (folder = ""): { cwd: string; path: string } => {
  const cwd = posix.join(top, folder);
  const installed = [...new Set([cwd, top])].map((at) => `${at}/node_modules/.bin`);
  return { cwd, path: [...installed, "/app/.venv/bin", "/usr/local/bin", "/usr/bin", "/bin"].join(":") };
};

export const imageProcess = ({ command, env, port, folder }: BuildPlan["process"]): Image["config"] => {
  const { cwd, path } = placeOf(folder);
  return { args: argumentsOf(command), env: { PATH: path, LANG: "C.UTF-8", HOME: "/tmp", ...env, PORT: String(port) }, cwd, port };
};
