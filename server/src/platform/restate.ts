// A small client of Restate's ingress and admin, over the embedded server's Unix sockets or over RESTATE_URL.
import type http from "node:http";
import https from "node:https";
import { SlipError } from "@slipstream/contract/errors.ts";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import { z } from "zod";
import type { Config } from "./config.ts";
import type { Home } from "./home.ts";

type Address = { socketPath: string } | { url: string };
export interface RestateAddresses {
  ingress: Address;
  admin: Address;
}

/** RESTATE_URL where it is set ("INGRESS,ADMIN"), else the embedded server. */
export const restateAddresses = (home: Home, config: Pick<Config, "restateUrl">): RestateAddresses => {
  if (config.restateUrl === undefined) return { ingress: { socketPath: home.restateSocket("ingress") }, admin: { socketPath: home.restateSocket("admin") } };
  const [ingress, admin] = config.restateUrl.split(",").map((url) => url.trim());
  if (!ingress || !admin) throw new SlipError("usage", 'RESTATE_URL needs two addresses, ingress and admin: "http://host:8080,http://host:9070".');
  return { ingress: { url: ingress }, admin: { url: admin } };
};

export interface Invocation {
  service: string;
  /** Key of the virtual object or workflow. */
  key: string;
  handler: string;
  input: unknown;
  idempotencyKey?: string;
  delayMs?: number;
}
export interface RestateClient {
  /** Tells Restate where the handlers are; asked again with the same address it reads them anew. */
  register(uri: string): Promise<void>;
  /** Whether Restate had lost where the handlers are, as all that it kept; it has been told again then. */
  registerLost(): Promise<boolean>;
  /**
   * Hands over an invocation; it is durable when this resolves. The same idempotency key gives the same invocation. A Restate that
   * has lost what it kept is told of the handlers again.
   */
  send(invocation: Invocation): Promise<{ invocationId: string }>;
  healthy(): Promise<boolean>;
}

interface Ask {
  method: "GET" | "POST";
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}
interface Answer {
  status: number;
  text: string;
}

const requestAt = (address: Address, options: http.RequestOptions): http.ClientRequest => {
  if ("socketPath" in address) return nodeHttp.request({ ...options, socketPath: address.socketPath });
  return (address.url.startsWith("https:") ? https : nodeHttp).request(new URL(options.path ?? "/", address.url), options);
};

const answerTimeoutMs = 15_000;

const ask = (address: Address, { method, path, body, headers = {} }: Ask): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const content = payload === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) };
    const request = requestAt(address, { method, path, timeout: answerTimeoutMs, headers: { ...content, ...headers } });
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 500, text: Buffer.concat(chunks).toString() }));
    });
    request.on("timeout", () => request.destroy(new Error(`no answer in ${answerTimeoutMs} ms`)));
    request.on("error", (error) => reject(new SlipError("unreachable", `Restate cannot be reached (${error.message}).`)));
    request.end(payload);
  });

const askOrThrow = async (address: Address, what: Ask, unknown?: () => Promise<void>): Promise<string> => {
  const { status, text } = await ask(address, what);
  if (status === 404 && unknown) {
    await unknown();
    return askOrThrow(address, what);
  }
  if (status >= 400) throw new SlipError("internal", `Restate refused ${what.method} ${what.path} with ${status}: ${text.slice(0, 500)}`);
  return text;
};

/** The request that hands over an invocation. Pure. */
const sendRequest = ({ service, key, handler, input, idempotencyKey, delayMs }: Invocation): Ask => ({
  method: "POST",
  path: `/${[service, key, handler, "send"].map(encodeURIComponent).join("/")}${delayMs === undefined ? "" : `?delay=${delayMs}ms`}`,
  body: input,
  headers: idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey },
});

const isHealthy = async (address: Address, path: string): Promise<boolean> => {
  try {
    return (await ask(address, { method: "GET", path })).status === 200;
  } catch {
    return false;
  }
};

const Registered = z.object({ deployments: z.array(z.object({ uri: z.string().default("") })) });

/** A client of the Restate at `addresses`. Every call rejects with SlipError `unreachable` when nothing answers. */
export const restateClient = ({ ingress, admin }: RestateAddresses): RestateClient => {
  let handlers: string | undefined;
  const register = async (uri: string): Promise<void> => {
    handlers = uri;
    await askOrThrow(admin, { method: "POST", path: "/deployments", body: { uri, force: true } });
  };
  return {
    register,
    async registerLost() {
      if (handlers === undefined) return false;
      const known = Registered.parse(JSON.parse(await askOrThrow(admin, { method: "GET", path: "/deployments" })));
      if (known.deployments.some(({ uri }) => uri.replace(/\/$/, "") === handlers)) return false;
      await register(handlers);
      return true;
    },
    async send(invocation) {
      const again = handlers === undefined ? undefined : register.bind(undefined, handlers);
      const { invocationId } = JSON.parse(await askOrThrow(ingress, sendRequest(invocation), again)) as { invocationId: string };
      return { invocationId };
    },
    healthy: async () => (await isHealthy(admin, "/health")) && (await isHealthy(ingress, "/restate/health")),
  };
};
