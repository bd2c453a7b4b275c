// The one place that reads the environment. Everything else is given what it needs.
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { SandboxKind } from "@slipstream/contract/words.ts";

export interface Config {
  /** Folder of the installation, absolute. */
  home: string;
  /** 0 = any free port, chosen once and kept. */
  httpPort: number;
  httpsPort: number;
  /** An own PostgreSQL in place of the embedded one. */
  databaseUrl: string | undefined;
  /** Ingress and admin address of an own Restate, in place of the embedded one: "http://host:8080,http://host:9070". */
  restateUrl: string | undefined;
  /** The weakest sandbox that an app's slip.toml may ask for; undefined = any. */
  sandboxFloor: SandboxKind | undefined;
  /** How many sandboxes wait for the next app at most; undefined = as the limit says. */
  spares: number | undefined;
  /** Hosts that git fetches reach though they are not on the internet: names and IPv4 addresses. */
  gitHosts: readonly string[];
  /** Receivers of webhooks that are allowed though they are not on the internet: "host:port". */
  webhookHosts: readonly string[];
  /** For tests that kill processes at an exact moment: control can be held at its fault points. */
  faults: boolean;
  /** For tests that set the clock of the platform's processes: the folder whose file `now` says by how much. Only together with `faults`. */
  faultClock: string | undefined;
}

const port = (name: string, text: string | undefined, fallback: number): number => {
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new SlipError("usage", `${name} is "${text}", which is not a port from 0 to 65535.`);
  return value;
};

const sandbox = (text: string | undefined): SandboxKind | undefined => {
  if (text === undefined || text === "") return undefined;
  const kind = SandboxKind.safeParse(text);
  if (!kind.success) throw new SlipError("usage", `SLIP_SANDBOX_FLOOR is "${text}", which is no sandbox: gvisor or runc.`);
  return kind.data;
};

const count = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,3}$/.test(text)) throw new SlipError("usage", `${name} is "${text}", which is not a number from 0 to 999.`);
  return Number(text);
};

const hostPattern = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/;

const hosts = (text: string | undefined): string[] => {
  const named = (text ?? "").split(/[\s,]+/).filter(Boolean);
  for (const host of named) {
    if (!hostPattern.test(host)) throw new SlipError("usage", `SLIP_GIT_HOSTS names "${host}", which is neither a host name nor an IPv4 address.`);
    if (host === "localhost" || host.startsWith("127."))
      throw new SlipError("usage", `SLIP_GIT_HOSTS names ${host}, which is another machine for git.`, {
        next: "Name an address of this machine in its network.",
      });
  }
  return named;
};

/** An authority as a URL writes it: a name, an IPv4 address, or an IPv6 address in brackets. */
const authority = (text: string): string | undefined => {
  const url = URL.canParse(`https://${text}`) ? new URL(`https://${text}`) : undefined;
  return url?.href === `https://${url?.host}/` ? `${url.hostname}:${url.port || "443"}` : undefined;
};

const authorities = (text: string | undefined): string[] =>
  (text ?? "")
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((named) => {
      const found = authority(named);
      if (found === undefined) throw new SlipError("usage", `SLIP_WEBHOOK_HOSTS names "${named}", which is neither HOST nor HOST:PORT.`);
      return found;
    });

/** Reads SLIP_HOME, SLIP_HTTP_PORT, SLIP_HTTPS_PORT, and what `environmentOf` names. Throws `usage` for a value that cannot be. */
export const readConfig = (environment: NodeJS.ProcessEnv = process.env): Config => ({
  home: resolve(environment.SLIP_HOME || (process.getuid?.() === 0 ? "/var/lib/slipstream" : join(homedir(), ".local/share/slipstream"))),
  httpPort: port("SLIP_HTTP_PORT", environment.SLIP_HTTP_PORT, 8080),
  httpsPort: port("SLIP_HTTPS_PORT", environment.SLIP_HTTPS_PORT, 8443),
  databaseUrl: environment.DATABASE_URL || undefined,
  restateUrl: environment.RESTATE_URL || undefined,
  sandboxFloor: sandbox(environment.SLIP_SANDBOX_FLOOR),
  spares: count("SLIP_SPARES", environment.SLIP_SPARES),
  gitHosts: hosts(environment.SLIP_GIT_HOSTS),
  webhookHosts: authorities(environment.SLIP_WEBHOOK_HOSTS),
  faults: environment.SLIP_FAULTS === "1",
  faultClock: environment.SLIP_FAULTS === "1" ? environment.SLIP_FAULT_CLOCK || undefined : undefined,
});

/** What readConfig of another process of the installation needs. Its ports are kept with it. */
export const environmentOf = (config: Config): Record<string, string> => ({
  SLIP_HOME: config.home,
  ...(config.databaseUrl === undefined ? {} : { DATABASE_URL: config.databaseUrl }),
  ...(config.restateUrl === undefined ? {} : { RESTATE_URL: config.restateUrl }),
  ...(config.sandboxFloor === undefined ? {} : { SLIP_SANDBOX_FLOOR: config.sandboxFloor }),
  ...(config.spares === undefined ? {} : { SLIP_SPARES: `${config.spares}` }),
  ...(config.gitHosts.length === 0 ? {} : { SLIP_GIT_HOSTS: config.gitHosts.join(",") }),
  ...(config.webhookHosts.length === 0 ? {} : { SLIP_WEBHOOK_HOSTS: config.webhookHosts.join(",") }),
  ...(config.faults ? { SLIP_FAULTS: "1" } : {}),
  ...(config.faultClock === undefined ? {} : { SLIP_FAULT_CLOCK: config.faultClock }),
});

/** The ports that the environment names; undefined where it is silent, so that what was chosen at the first start is kept. */
export const givenPorts = (environment: NodeJS.ProcessEnv = process.env): { httpPort: number | undefined; httpsPort: number | undefined } => ({
  httpPort: environment.SLIP_HTTP_PORT ? port("SLIP_HTTP_PORT", environment.SLIP_HTTP_PORT, 0) : undefined,
  httpsPort: environment.SLIP_HTTPS_PORT ? port("SLIP_HTTPS_PORT", environment.SLIP_HTTPS_PORT, 0) : undefined,
});
