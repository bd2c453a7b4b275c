// A real edge on free ports of this machine, real apps behind it, and clients that write what they like. For tests alone.
import type http from "node:http";
import net from "node:net";
import type { TestContext } from "node:test";
import type { LogLine } from "@slipstream/contract/logs.ts";
import { nodeHttp } from "@slipstream/contract/node-http.ts";
import type { LogWriter } from "@slipstream/contract/ports/log-store.ts";
import { type Change, packedApp, type TableApp } from "@slipstream/contract/ports/route-entry.ts";
import { type Pair, RouteTable } from "@slipstream/contract/ports/route-table.ts";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { Edge } from "./edge.ts";
import { type EdgeLimits, edgeLimits } from "./proxy/edge-limits.ts";
import type { AskHost } from "./wake/waker.ts";

const anyPort = { port: 0, host: "127.0.0.1" };

export const proofKey = "a key that proves a release to us";

/** An id of the length that ids have. */
const id = (prefix: string, name: string): string => `${prefix}_${name.padEnd(26, "0").slice(0, 26)}`;
export const deploymentId = (name: string): string => id("dep", name);

export interface TrialRoute {
  app: string;
  addresses: string[];
  path?: string;
  /** Tells deployments of an app apart. */
  deployment?: string;
  sleeps?: TableApp["sleeps"];
  http2?: true;
}

const toEntry = (host: string, route: TrialRoute): TableApp => ({
  tenant: "tenant",
  project: "project",
  app: route.app,
  deployment: deploymentId(route.deployment ?? route.app),
  commit: "",
  release: 1,
  artifact: `sha256:${"a".repeat(64)}`,
  ...(route.sleeps ? { sleeps: route.sleeps } : {}),
  ...(route.http2 ? { http2: true } : {}),
  targets: route.addresses.map((address, index) => ({ instance: id("ins", String(index)), address })),
  routes: [{ host, path: route.path ?? "/" }],
});

/** Each route is an app of its own. */
const changesOf = (hosts: Record<string, TrialRoute[]>, certificates: Record<string, Pair>): Change[] => [
  { kind: "platform", value: { hosts: ["slip.localhost"], proofKey } },
  ...Object.entries(certificates).map(([name, pair]): Change => ({ kind: "certificate", id: name, value: { names: [name], ...pair } })),
  ...Object.entries(hosts).flatMap(([host, routes]) =>
    routes.map((route): Change => ({ kind: "app", id: `${host}${route.path ?? "/"}`, value: packedApp(toEntry(host, route)) })),
  ),
];

/** A whole table of these routes. */
export const trialTable = (version: number, hosts: Record<string, TrialRoute[]>, certificates: Record<string, Pair> = {}): RouteTable => {
  const table = new RouteTable();
  table.apply(changesOf(hosts, certificates));
  table.version = version;
  return table;
};

/** A certificate for `name`, of P-256. */
export const makeCertificate = async (name: string): Promise<{ certificate: string; key: string }> => {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }])],
  });
  const exported = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { certificate: certificate.toString("pem"), key: x509.PemConverter.encode(exported, "PRIVATE KEY") };
};

/** Keeps the lines in memory. */
export class MemoryLogs implements LogWriter {
  readonly lines: LogLine[] = [];
  append(line: LogLine): void {
    this.lines.push(line);
  }
  async flush(): Promise<void> {}
  follow(): void {}
  async removeApp(): Promise<void> {}
}

export class EdgeTrial {
  readonly edge: Edge;
  readonly logs = new MemoryLogs();
  readonly certificates: Record<string, Pair> = {};
  http = 0;
  https = 0;
  #version = 0;
  #published: Change[] = [];

  /** What the host does when it is asked to wake a workload. */
  wake: AskHost = () => Promise.resolve();

  constructor(limits: Partial<EdgeLimits>, controlSocket: string) {
    const wake: AskHost = (workload) => this.wake(workload);
    this.edge = new Edge({ controlSocket, httpsPort: 8443, logs: this.logs, wake, limits: { ...edgeLimits(), ...limits } });
  }

  /** Serves `routes` by host from now on: the first time as a whole table, then by what changes. */
  publish(hosts: Record<string, TrialRoute[]>): number {
    this.#version += 1;
    const changes = changesOf(hosts, this.certificates);
    const gone = this.#published.flatMap((it): Change[] => (it.kind === "platform" ? [] : [{ ...it, value: null }]));
    this.#published = changes;
    if (this.#version === 1) for (const message of trialTable(1, hosts, this.certificates).messages()) this.edge.take(message);
    else this.edge.take({ kind: "delta", from: this.#version - 1, to: this.#version, changes: [...gone, ...changes] });
    return this.edge.status().version;
  }

  /** Sends exactly `wire` and gives all that comes until the connection ends, or until `ms` without a byte. */
  raw(wire: string | Buffer, ms = 300): Promise<string> {
    return rawExchange(this.http, wire, ms);
  }
}

export const rawExchange = (port: number, wire: string | Buffer, ms = 300): Promise<string> =>
  new Promise((resolve) => {
    let text = "";
    const socket = net.connect(port, "127.0.0.1", () => socket.write(typeof wire === "string" ? Buffer.from(wire, "latin1") : wire));
    socket.setTimeout(ms, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });

/** An edge that ends with the test. */
export const startTrial = async (test: TestContext, limits: Partial<EdgeLimits> = {}, controlSocket = "/nonexistent/control.sock"): Promise<EdgeTrial> => {
  const trial = new EdgeTrial({ drainMs: 200, ...limits }, controlSocket);
  const ports = await trial.edge.listen({ http: anyPort, https: anyPort });
  trial.http = ports.http;
  trial.https = ports.https;
  test.after(() => trial.edge.end());
  return trial;
};

const listening = (server: net.Server): Promise<string> =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`127.0.0.1:${(server.address() as net.AddressInfo).port}`)));

/** An app made with node:http. Gives its address. */
export const startApp = async (test: TestContext, handler: http.RequestListener): Promise<{ address: string; server: http.Server }> => {
  const server = nodeHttp.createServer(handler);
  const address = await listening(server);
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { address, server };
};

/** An app that is free to break HTTP: `handle` gets each connection. */
export const startRawApp = async (test: TestContext, handle: (socket: net.Socket) => void): Promise<string> => {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    handle(socket);
  });
  const address = await listening(server);
  test.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return address;
};

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
  trailers: NodeJS.Dict<string>;
}

export interface Asked extends http.RequestOptions {
  body?: string | Buffer;
}

/** A request by node's own client, on a connection of its own unless an agent is given. */
export const ask = (port: number, host: string, options: Asked = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { body, ...rest } = options;
    const request = nodeHttp.request({ host: "127.0.0.1", port, path: "/", agent: false, ...rest, headers: { host, ...rest.headers } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks).toString(), trailers: answer.trailers }),
      );
    });
    request.on("error", reject);
    request.end(body);
  });

/** Resolves when `fits` does, looked at often; rejects after ten seconds, which a machine under load may need. */
export const until = async (fits: () => boolean, what: string): Promise<void> => {
  const end = performance.now() + 10_000;
  while (!fits()) {
    if (performance.now() > end) throw new Error(`It did not come: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
