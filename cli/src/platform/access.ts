// How the CLI reaches a platform: an address from the environment, or the socket of the installation on this machine.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ClientOptions } from "@slipstream/contract/client.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Environment } from "../environment.ts";

export const socketOf = (environment: Environment): string => join(environment.home, "run", "control", "control.sock");

const isLoopback = (hostname: string): boolean => /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);

const remote = (environment: Environment, url: string): ClientOptions => {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new SlipError("usage", "SLIP_URL is not an address.", { next: "Set it to an address such as https://slip.example.org." });
  if (new URL(url).protocol === "http:" && !isLoopback(new URL(url).hostname))
    throw new SlipError("usage", "SLIP_URL would send the token unencrypted.", { next: "Use its https address." });
  if (environment.token === undefined)
    throw new SlipError("unauthorized", "SLIP_URL is set but SLIP_TOKEN is not.", { next: "Set SLIP_TOKEN to a token of that platform." });
  return { endpoint: { url, ...(environment.caPath === undefined ? {} : { ca: readCa(environment.caPath) }) }, token: environment.token };
};

const readCa = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new SlipError("usage", `The file ${path} that SLIP_CA names cannot be read.`, { next: "Set SLIP_CA to a PEM file, or unset it." });
  }
};

/** The error for somebody who may not use this machine's platform, or undefined. */
export const refusal = (environment: Environment): SlipError | undefined =>
  environment.root || environment.url !== undefined
    ? undefined
    : new SlipError("not_root", "Slipstream needs root on this machine, for sandboxes and networks.", {
        next: "Run it again with sudo, or set SLIP_URL and SLIP_TOKEN to use a platform elsewhere.",
      });

const readToken = (environment: Environment): string => {
  try {
    return readFileSync(join(environment.home, "token"), "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && environment.root) throw new SlipError("unreachable", `No platform runs in ${environment.home}.`);
    throw refusal(environment) ?? new SlipError("unauthorized", `The token in ${environment.home} cannot be read.`);
  }
};

/** Endpoint and token. Throws `not_root`, `unreachable`, `unauthorized` or `usage`. */
export const accessOf = (environment: Environment): ClientOptions =>
  environment.url === undefined
    ? { endpoint: { socketPath: socketOf(environment) }, token: environment.token ?? readToken(environment) }
    : remote(environment, environment.url);
