// The edge against nginx, HAProxy and Caddy: the same work on one core, in turn, the ratio of each round.
// A core's worth of requests is what the proxy's own processor time allows: it does not depend on the load generator's core.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Claim, median } from "./claim.ts";
import * as proxies from "./proxies.ts";

const run = promisify(execFile);
const rounds = 20;
const connections = 32;
const seconds = 1;

interface Sample {
  perSecond: number;
  /** Processor time of the proxy for one request, in µs. */
  cost: number;
}

const load = async (proxy: proxies.Proxy): Promise<Sample> => {
  const before = proxies.processorSeconds(proxy);
  const argv = ["-c", "1", "wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "-H", `Host: ${proxies.host}`, `http://127.0.0.1:${proxy.port}/`];
  const { stdout } = await run("taskset", argv);
  const used = proxies.processorSeconds(proxy) - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  const errors = /Non-2xx.*|Socket errors.*/.exec(stdout)?.[0];
  if (errors !== undefined || !(requests > 0)) throw new Error(`${proxy.name}: ${errors ?? "no request was answered"}`);
  return { perSecond, cost: (used / requests) * 1e6 };
};

const measure = async (all: readonly proxies.Proxy[]): Promise<Map<string, Sample[]>> => {
  const samples = new Map<string, Sample[]>(all.map(({ name }) => [name, []]));
  for (let round = -2; round < rounds; round += 1) {
    for (const proxy of all) {
      const sample = await load(proxy);
      if (round >= 0) samples.get(proxy.name)?.push(sample);
    }
  }
  return samples;
};

const inThousands = (perSecond: number): string => `${(perSecond / 1_000).toFixed(1)}k`;

const claimsOf = (samples: ReadonlyMap<string, Sample[]>): Claim[] => {
  const edge = samples.get("edge") ?? [];
  return [...samples].map(([name, own]) => {
    const cost = median(own.map((sample) => sample.cost));
    const figures = `${inThousands(1e6 / cost)} requests a core-second, ${cost.toFixed(1)} µs each; ${inThousands(median(own.map((sample) => sample.perSecond)))} requests/s here`;
    if (name === "edge") return { name: "edge, 32 connections, 100 bytes", measured: figures, goal: "", reached: undefined };
    const ratio = median(own.map((sample, round) => sample.cost / (edge[round]?.cost ?? Number.NaN)));
    const goal = name === "Caddy" ? { goal: "≥ 2 ×", reached: ratio >= 2 } : { goal: "", reached: undefined };
    return { name: `  against ${name}`, measured: `${ratio.toFixed(2)} × (${figures})`, ...goal };
  });
};

export const edgeClaims = async (): Promise<Claim[]> => {
  const missing = proxies.missingPrograms();
  if (missing.length > 0)
    return [{ name: "edge against its peers", measured: `not measured: apt-get install ${missing.join(" ")}`, goal: "≥ 2 × Caddy", reached: undefined }];
  const folder = mkdtempSync(join(tmpdir(), "slip-bench-edge-"));
  const running: proxies.Proxy[] = [];
  try {
    const app = await proxies.startApp(folder);
    running.push(app);
    const starts = [proxies.startEdge, proxies.startNginxProxy, proxies.startHaproxy, proxies.startCaddy];
    for (const start of starts) running.push(await start(folder, app.port));
    return claimsOf(await measure(running.slice(1)));
  } finally {
    await Promise.all(running.map(proxies.stopProxy));
    rmSync(folder, { recursive: true, force: true });
  }
};
