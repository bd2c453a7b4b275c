// Functions: the first answer of one that is not loaded, against Worker Loader alone, and what a thousand that are loaded hold of the memory.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Installation } from "../test/e2e/installation.ts";
import { type Claim, inMs, median, quantile } from "./claim.ts";
import { clientOf, freePort } from "./deploy.ts";

const pairs = 20;
const warmUps = 2;
const firstGoal = 1.2;
const warmFunctions = 1_000;
const memoryGoal = 1.1;
const deploysAtOnce = 4;
const restsWithinMs = 60_000;

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);
/** A name is not given twice. */
const asked = numbers(0, pairs + warmUps);
const warm = numbers(asked.length, warmFunctions);

const codeOf = (index: number): string => `export default { fetch: () => new Response("function ${index}") };\n`;

/** Worker Loader and nothing else: each path is a function of its own, which is loaded when it is first asked for. */
const bareRouter = `export default { fetch(request, env) {
  const index = new URL(request.url).pathname.slice(1);
  const code = { compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": env.CODE.replaceAll("INDEX", index) }, globalOutbound: null };
  return env.LOADER.get(index, () => code).getEntrypoint().fetch(request);
} };`;
const bareConfig = (port: number): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "main", esModule = embed "router.mjs")], compatibilityDate = "2026-11-01", compatibilityFlags = ["experimental"],
    bindings = [(name = "LOADER", workerLoader = (id = "functions")), (name = "CODE", text = embed "code.txt")]))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]);`;

interface Bare extends Disposable {
  process: ChildProcess;
  ask(index: number): Promise<number>;
}

/** Milliseconds until it has answered, over a connection of its own. */
const ask = (of: { port: number; path: string; host: string }, expected: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const start = performance.now();
    const request = http.get({ host: "127.0.0.1", port: of.port, path: of.path, agent: false, headers: { host: of.host } }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      answer.on("end", () => (body === expected ? resolve(performance.now() - start) : reject(new Error(`${of.host} answered ${answer.statusCode} ${body}`))));
    });
    request.on("error", reject);
  });

const startBare = async (): Promise<Bare> => {
  const [folder, port] = [mkdtempSync(join(tmpdir(), "slip-bench-")), await freePort()];
  const files = { "router.mjs": bareRouter, "code.txt": codeOf(0).replace("function 0", "function INDEX"), "config.capnp": bareConfig(port) };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const require = createRequire(import.meta.url);
  const program = require.resolve(`@cloudflare/workerd-linux-${process.arch === "arm64" ? "arm64" : "64"}/bin/workerd`);
  const child = spawn(program, ["serve", "--experimental", join(folder, "config.capnp")], { stdio: "ignore", env: {} });
  const bare: Bare = {
    process: child,
    ask: (index) => ask({ port, path: `/${index}`, host: "bare" }, `function ${index}`),
    [Symbol.dispose]() {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (const end = Date.now() + 10_000; ; await sleep(20)) {
    const isUp = await bare.ask(-1).then(
      () => true,
      () => false,
    );
    if (isUp) return bare;
    if (Date.now() > end) throw new Error("workerd does not answer.");
  }
};

const nameOf = (index: number): string => `function-${index}`;

const deploy = async (installation: Installation, index: number, more: string): Promise<void> => {
  const client = clientOf(installation);
  const texts = { "index.js": codeOf(index), "slip.toml": `[run]\nsandbox = "runc"\n${more}` };
  const files = Object.entries(texts).map(([path, text]) => ({ path, text }));
  const { deployment } = await client.call("deployments.create", { app: nameOf(index), source: { kind: "files", files } });
  const ended = await client.call("deployments.wait", { deployment, timeoutMs: 120_000 });
  if (ended.state !== "live") throw new Error(`The deployment ended so: ${JSON.stringify(ended)}`);
};

/** Does it for each, four at a time. */
const forEach = async (indexes: readonly number[], act: (index: number) => Promise<unknown>): Promise<void> => {
  const left = [...indexes];
  const work = async (): Promise<void> => {
    for (let index = left.shift(); index !== undefined; index = left.shift()) await act(index);
  };
  await Promise.all(Array.from({ length: deploysAtOnce }, work));
};

const destroyAll = (installation: Installation, indexes: readonly number[]): Promise<void> =>
  forEach(indexes, (index) => clientOf(installation).call("apps.destroy", { app: nameOf(index) }));

const request = (installation: Installation, index: number): Promise<number> =>
  ask({ port: installation.httpPort, path: "/", host: `${nameOf(index)}.slip.localhost` }, `function ${index}`);

const untilAllRest = async (installation: Installation): Promise<void> => {
  for (const end = Date.now() + restsWithinMs; Date.now() < end; await sleep(500)) {
    const { host } = await clientOf(installation).call("platform.status", {});
    if (host?.workloads.every(({ instances }) => instances.every(({ state }) => state === "stopped"))) return;
  }
  throw new Error("Not all functions were put to rest.");
};

const firstAnswer = async (installation: Installation): Promise<Claim> => {
  using bare = await startBare();
  const rests = '[sleep]\nafter = "10s"\nstop = "0s"\n';
  for (const index of asked) await deploy(installation, index, rests);
  await untilAllRest(installation);
  const [firsts, bares]: [number[], number[]] = [[], []];
  for (const index of asked) {
    bares.push(await bare.ask(index));
    firsts.push(await request(installation, index));
  }
  await destroyAll(installation, asked);
  const [kept, floor] = [firsts.slice(warmUps), bares.slice(warmUps)];
  const ratio = median(kept.map((ms, index) => ms / (floor[index] ?? Number.NaN)));
  return {
    name: "first answer of a function that is not loaded, through the edge / Worker Loader alone",
    measured: `${ratio.toFixed(2)} × (p50 ${inMs(median(kept))}, p99 ${inMs(quantile(kept, 0.99))}; Worker Loader ${inMs(median(floor))})`,
    goal: `≤ ${firstGoal} ×`,
    reached: ratio <= firstGoal,
  };
};

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** Bytes that a process holds, with its share of what it holds with others. */
const heldBytes = (pid: number | string | undefined): number => Number(/^Pss:\s+(\d+)/m.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1_024;

/** Of the installation: what holds functions, and what looks after that. */
const processesOf = ({ home }: Installation): string[] =>
  readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    const command = textOf(`/proc/${name}/cmdline`);
    return command.includes("/run/functions/config.capnp") || (command.startsWith("/usr/bin/conmon") && command.includes(home));
  });

const memory = async (installation: Installation): Promise<Claim[]> => {
  using bare = await startBare();
  const start = performance.now();
  await forEach(warm, (index) => deploy(installation, index, "[sleep]\nenabled = false\n"));
  const deployMs = performance.now() - start;
  for (const index of warm) {
    await bare.ask(index);
    await request(installation, index);
  }
  const [held, floor] = [processesOf(installation).reduce((sum, pid) => sum + heldBytes(pid), 0), heldBytes(bare.process.pid)];
  await destroyAll(installation, warm);
  const ratio = held / floor;
  const inMegabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  return [
    {
      name: `memory of ${warmFunctions} warm functions / the same in one workerd (Pss)`,
      measured: `${ratio.toFixed(2)} × (${inMegabytes(held)} to ${inMegabytes(floor)})`,
      goal: `≤ ${memoryGoal} ×`,
      reached: ratio <= memoryGoal,
    },
    { name: `  their ${warmFunctions} deployments, ${deploysAtOnce} at a time`, measured: inMs(deployMs / warmFunctions), goal: "", reached: undefined },
  ];
};

export const functionClaims = async (installation: Installation): Promise<Claim[]> => [await firstAnswer(installation), ...(await memory(installation))];
