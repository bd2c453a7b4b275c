// The first request to an app that sleeps, through the edge, against the bare start of the same program: frozen, ended, and many at once.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Installation } from "../test/e2e/installation.ts";
import { nodeProgram } from "../test/e2e/sources.ts";
import { type Claim, inMs, median, quantile } from "./claim.ts";
import { bareStart, clientOf } from "./deploy.ts";

const apps = 20;
const program = nodeProgram('"awake"');
const sleepsWithinMs = 120_000;

type Stage = "asleep" | "stopped";

const nameOf = (stage: Stage, index: number): string => `wake-${stage}-${index}`;

const deployAll = async (installation: Installation, stage: Stage): Promise<void> => {
  const client = clientOf(installation);
  const config = `[run]\nsandbox = "runc"\nmemory = "128MB"\n[sleep]\nafter = "10s"\nstop = "${stage === "asleep" ? "1h" : "0s"}"\n`;
  const files = Object.entries({ "server.js": program, "package.json": '{"scripts":{"start":"node server.js"}}', "slip.toml": config });
  for (let index = 0; index < apps; index += 1) {
    const source = { kind: "files" as const, files: files.map(([path, text]) => ({ path, text })) };
    const { deployment } = await client.call("deployments.create", { app: nameOf(stage, index), source });
    const ended = await client.call("deployments.wait", { deployment, timeoutMs: 60_000 });
    if (ended.state !== "live") throw new Error(`The deployment ended so: ${JSON.stringify(ended)}`);
  }
};

const untilAll = async (installation: Installation, stage: Stage): Promise<void> => {
  for (const end = Date.now() + sleepsWithinMs; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 500))) {
    const { host } = await clientOf(installation).call("platform.status", {});
    const states = host?.workloads.flatMap(({ instances }) => instances.map(({ state }) => state)) ?? [];
    if (states.filter((state) => state === stage).length >= apps) return;
  }
  throw new Error(`Not all apps came to be ${stage}.`);
};

/** Milliseconds until it has answered. */
const ask = ({ httpPort }: Installation, app: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const start = performance.now();
    const request = http.get({ host: "127.0.0.1", port: httpPort, agent: false, headers: { host: `${app}.slip.localhost` } }, (answer) => {
      answer.resume();
      answer.on("end", () => (answer.statusCode === 200 ? resolve(performance.now() - start) : reject(new Error(`${app} answered ${answer.statusCode}.`))));
    });
    request.on("error", reject);
  });

const each = async (installation: Installation, stage: Stage, folder: string): Promise<{ wakes: number[]; bare: number[] }> => {
  const [wakes, bare]: [number[], number[]] = [[], []];
  for (let index = 0; index < apps; index += 1) {
    bare.push(await bareStart(folder));
    wakes.push(await ask(installation, nameOf(stage, index)));
  }
  return { wakes, bare };
};

const claimOf = (name: string, { wakes, bare }: { wakes: number[]; bare: number[] }, goal?: number): Claim => {
  const ratio = median(wakes.map((ms, index) => ms / (bare[index] ?? Number.NaN)));
  const measured = `${ratio.toFixed(2)} × (p50 ${inMs(median(wakes))}, p99 ${inMs(quantile(wakes, 0.99))})`;
  return { name, measured, goal: goal === undefined ? "" : `≤ ${goal} ×`, reached: goal === undefined ? undefined : ratio <= goal };
};

export const wakeClaims = async (installation: Installation): Promise<Claim[]> => {
  const folder = mkdtempSync(join(tmpdir(), "slip-bench-"));
  try {
    writeFileSync(join(folder, "server.js"), program);
    await deployAll(installation, "asleep");
    await untilAll(installation, "asleep");
    const frozen = await each(installation, "asleep", folder);
    await deployAll(installation, "stopped");
    await untilAll(installation, "stopped");
    const ended = await each(installation, "stopped", folder);
    await untilAll(installation, "stopped");
    const start = performance.now();
    await Promise.all(Array.from({ length: apps }, (_, index) => ask(installation, nameOf("stopped", index))));
    const all = performance.now() - start;
    return [
      claimOf("first request to a frozen app, through the edge / bare start of the program (runc)", frozen, 0.35),
      claimOf("first request to an app that was ended / bare start (runc, nothing parked)", ended, 1.3),
      { name: `  ${apps} apps that were ended, woken at once: until the last has answered`, measured: inMs(all), goal: "", reached: undefined },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
