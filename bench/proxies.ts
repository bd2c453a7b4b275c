// The edge and its peers as processes that do the same work: one core, kept-alive connections to one app, forwarding fields.
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { type Change, packedApp, type TableApp } from "@slipstream/contract/ports/route-entry.ts";
import { RouteTable } from "@slipstream/contract/ports/route-table.ts";
import { linesOf } from "@slipstream/contract/ports/table-file.ts";
import { freePort } from "./deploy.ts";

export const host = "app.slip.localhost";
export const body = "x".repeat(100);
export const missingPrograms = (): string[] =>
  Object.entries({ "nginx-light": "/usr/sbin/nginx", haproxy: "/usr/sbin/haproxy", caddy: "/usr/bin/caddy", wrk: "/usr/bin/wrk" })
    .filter(([, path]) => !existsSync(path))
    .map(([name]) => name);

export interface Proxy {
  name: string;
  port: number;
  /** Of HTTPS, where it has a certificate. */
  httpsPort?: number;
  process: ChildProcess;
}

/** A certificate with its key, as PEM. */
export interface Pair {
  certificate: string;
  key: string;
}

const pathVariable = "/usr/sbin:/usr/bin:/sbin:/bin";

const start = (argv: [string, ...string[]], options: { core: number; env?: Record<string, string> }): ChildProcess =>
  spawn("taskset", ["-c", String(options.core), ...argv], { stdio: "ignore", env: { PATH: pathVariable, ...options.env } });

const untilOpen = async (port: number, times = 200): Promise<void> => {
  for (let left = times; left > 0; left -= 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, "127.0.0.1");
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`Nothing listens on port ${port}.`);
};

const started = async (name: string, port: number, child: ChildProcess, times?: number): Promise<Proxy> => {
  await untilOpen(port, times);
  return { name, port, process: child };
};

const nginxConfig = (folder: string, name: string, http: string): string => `worker_processes 1; daemon off; master_process off;
pid ${folder}/${name}.pid; error_log ${folder}/${name}.log crit; events { worker_connections 4096; }
http { access_log off; client_body_temp_path ${folder}/${name}.body; proxy_temp_path ${folder}/${name}.proxy;
fastcgi_temp_path ${folder}/${name}.fastcgi; uwsgi_temp_path ${folder}/${name}.uwsgi; scgi_temp_path ${folder}/${name}.scgi;
keepalive_requests 100000000; ${http} }
`;

const startNginx = async (folder: string, name: string, options: { http: string; port: number; core: number }): Promise<Proxy> => {
  const config = join(folder, `${name}.conf`);
  writeFileSync(config, nginxConfig(folder, name, options.http));
  return started(name, options.port, start(["nginx", "-c", config, "-e", join(folder, `${name}.log`)], { core: options.core }));
};

/** The app: answers at once, on the core of the load generator. */
export const startApp = async (folder: string): Promise<Proxy> => {
  const port = await freePort();
  return startNginx(folder, "app", { port, core: 1, http: `server { listen 127.0.0.1:${port}; location / { return 200 "${body}"; } }` });
};

export const startNginxProxy = async (folder: string, app: number): Promise<Proxy> => {
  const port = await freePort();
  const fields = 'proxy_set_header Connection ""; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;';
  const more = "proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Request-Id $request_id;";
  const upstream = `upstream app { server 127.0.0.1:${app}; keepalive 64; keepalive_requests 100000000; }`;
  const server = `server { listen 127.0.0.1:${port}; location / { proxy_pass http://app; proxy_http_version 1.1; ${fields} ${more} } }`;
  return startNginx(folder, "nginx", { port, core: 0, http: `${upstream} ${server}` });
};

export const startHaproxy = async (folder: string, app: number, pair?: Pair): Promise<Proxy> => {
  const [port, httpsPort] = [await freePort(), await freePort()];
  const config = join(folder, "haproxy.cfg");
  const pem = join(folder, "haproxy.pem");
  if (pair) writeFileSync(pem, `${pair.certificate}\n${pair.key}\n`);
  writeFileSync(
    config,
    `global
  nbthread 1
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
listen proxy
  bind 127.0.0.1:${port}
${pair ? `  bind 127.0.0.1:${httpsPort} ssl crt ${pem} alpn http/1.1\n` : ""}  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(Host)]
  http-request set-header X-Request-Id %[uuid()]
  server app 127.0.0.1:${app}
`,
  );
  return { ...(await started("HAProxy", port, start(["haproxy", "-db", "-f", config], { core: 0 }))), ...(pair && { httpsPort }) };
};

export const startCaddy = async (folder: string, app: number): Promise<Proxy> => {
  const port = await freePort();
  const config = join(folder, "Caddyfile");
  const site = `http://:${port} {\n bind 127.0.0.1\n reverse_proxy 127.0.0.1:${app} {\n  header_up X-Request-Id {http.request.uuid}\n }\n}\n`;
  writeFileSync(config, `{\n admin off\n auto_https off\n}\n${site}`);
  const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, GOMAXPROCS: "1" };
  return started("Caddy", port, start(["caddy", "run", "--config", config, "--adapter", "caddyfile"], { core: 0, env }));
};

/** An app at one host name. */
export const entryOf = (app: number, name = host): TableApp => ({
  tenant: "bench",
  project: "bench",
  app: "bench",
  deployment: `dep_${"0".repeat(26)}`,
  commit: "",
  release: 1,
  artifact: `sha256:${"0".repeat(64)}`,
  targets: [{ instance: `ins_${"0".repeat(26)}`, address: `127.0.0.1:${app}` }],
  routes: [{ host: name, path: "/" }],
});

const tableOf = (app: number, { pair, hosts = [] }: EdgeOptions): RouteTable => {
  const table = new RouteTable();
  const entries = [host, ...hosts].map((name): Change => ({ kind: "app", id: `app_${name}`, value: packedApp(entryOf(app, name)) }));
  table.apply([{ kind: "platform", value: { hosts: [], proofKey: "0".repeat(32) } }, ...entries]);
  if (pair) table.apply([{ kind: "certificate", id: host, value: { names: [host], ...pair } }]);
  table.version = 1;
  return table;
};

interface EdgeOptions {
  pair?: Pair;
  /** Of as many apps, all at the same address. */
  hosts?: readonly string[];
}

const largeTableTimes = 4_000;

/** What the supervisor gives an edge for its memory (main/supervisor/plan.ts). */
const asSupervised = { flags: ["--min-semi-space-size=4"], env: { MALLOC_MMAP_THRESHOLD_: "131072" } };

/** One process of the edge, with a home of its own that holds nothing but a route table. */
export const startEdge = async (folder: string, app: number, options: EdgeOptions = {}): Promise<Proxy> => {
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const home = join(folder, `home-${httpPort}`);
  mkdirSync(join(home, "edge"), { recursive: true });
  const installation = { id: "000000", uidBase: 0x7000_0000, subnet: 1, httpPort, httpsPort, handlerPort: 1, createdAt: new Date().toISOString() };
  writeFileSync(join(home, "installation.json"), JSON.stringify(installation));
  for (const line of linesOf(tableOf(app, options).messages())) appendFileSync(join(home, "edge", "table.json"), line);
  const entry = join(import.meta.dirname, "..", "server", "src", "main", "edge.ts");
  const child = start([process.execPath, ...asSupervised.flags, entry, "0"], { core: 0, env: { ...asSupervised.env, SLIP_HOME: home } });
  return { ...(await started("edge", httpPort, child, largeTableTimes)), ...(options.pair && { httpsPort }) };
};

/** Processor time that a process has used, in seconds. The kernel counts it in hundredths. */
export const processorSeconds = (proxy: Proxy): number => {
  const stat = readFileSync(`/proc/${proxy.process.pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

export const stopProxy = (proxy: Proxy): Promise<void> =>
  new Promise((resolve) => {
    if (proxy.process.exitCode !== null || proxy.process.signalCode !== null) {
      resolve();
      return;
    }
    proxy.process.on("exit", () => resolve());
    proxy.process.kill("SIGTERM");
    setTimeout(() => proxy.process.kill("SIGKILL"), 2_000).unref();
  });
