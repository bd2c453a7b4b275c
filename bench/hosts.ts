// An edge with a million host names against one with a thousand: processor time of a request, in turn, the ratio of each round.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Claim, inMs, median } from "./claim.ts";
import * as proxies from "./proxies.ts";
import { load } from "./wrk.ts";

const few = 1_000;
const many = 1_000_000;
const rounds = 20;
const goal = 1.05;

const hostsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `h${index}.slip.localhost`);

/** Asks for a thousand host names by turns, which lie all over the table. */
const script = (count: number): string => `
  local turn = 0
  request = function()
    turn = (turn + 1) % ${few}
    return wrk.format(nil, nil, { Host = "h" .. turn * ${count / few} .. ".slip.localhost" })
  end`;

interface Asked {
  edge: proxies.Proxy;
  script: string;
}

/** Processor time of the edge for one request, in µs. */
const cost = async ({ edge, script }: Asked): Promise<number> => (await load(edge, `http://127.0.0.1:${edge.port}/`, ["-s", script])).cost;

export const hostClaims = async (): Promise<Claim[]> => {
  const folder = mkdtempSync(join(tmpdir(), "slip-bench-hosts-"));
  const running: proxies.Proxy[] = [];
  const startWith = async (app: number, count: number): Promise<Asked> => {
    const edge = await proxies.startEdge(folder, app, { hosts: hostsOf(count) });
    running.push(edge);
    writeFileSync(join(folder, `${count}.lua`), script(count));
    return { edge, script: join(folder, `${count}.lua`) };
  };
  try {
    const app = await proxies.startApp(folder);
    running.push(app);
    const small = await startWith(app.port, few);
    const begun = performance.now();
    const large = await startWith(app.port, many);
    const startMs = performance.now() - begun;
    const costs: [few: number, many: number][] = [];
    for (let round = -2; round < rounds; round += 1) {
      const pair: [number, number] =
        round % 2 === 0 ? [await cost(small), await cost(large)] : ([await cost(large), await cost(small)].reverse() as [number, number]);
      if (round >= 0) costs.push(pair);
    }
    const ratio = median(costs.map(([one, other]) => other / one));
    const [one, other] = [median(costs.map(([it]) => it)), median(costs.map(([, it]) => it))];
    return [
      {
        name: "CPU of an edge per request, a million host names / a thousand",
        measured: `${ratio.toFixed(3)} × (${other.toFixed(1)} µs, ${one.toFixed(1)} µs)`,
        goal: `≤ ${goal} ×`,
        reached: ratio <= goal,
      },
      { name: "  table of a million written, and an edge started with it", measured: inMs(startMs), goal: "", reached: undefined },
    ];
  } finally {
    await Promise.all(running.map(proxies.stopProxy));
    rmSync(folder, { recursive: true, force: true });
  }
};
