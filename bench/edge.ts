// The edge against nginx, HAProxy and Caddy: the same work on one core, in turn, the ratio of each round.
// A core's worth of requests is what the proxy's own processor time allows: it does not depend on the load generator's core.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Claim, median } from "./claim.ts";
import * as proxies from "./proxies.ts";
import { load, type Sample } from "./wrk.ts";

const rounds = 20;

const ask = (proxy: proxies.Proxy): Promise<Sample> => load(proxy, `http://127.0.0.1:${proxy.port}/`, ["-H", `Host: ${proxies.host}`]);

const measure = async (all: readonly proxies.Proxy[]): Promise<Map<string, Sample[]>> => {
  const samples = new Map<string, Sample[]>(all.map(({ name }) => [name, []]));
  for (let round = -2; round < rounds; round += 1) {
    for (const proxy of all) {
      const sample = await ask(proxy);
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
