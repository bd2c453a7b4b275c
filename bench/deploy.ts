// A deploy of node-hello changed by one line, against the bare start of the same program; the first deploy; memory when idle.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@slipstream/contract/client.ts";
import { sourceDigest } from "@slipstream/contract/source.ts";
import { z } from "zod";
import { type Installation, repository } from "../test/e2e/installation.ts";
import { type Claim, inMs, median, quantile } from "./claim.ts";
import { manifestOf } from "./source.ts";

const pairs = 20;
const warmUps = 2;

export const controlSocketOf = ({ home }: Installation): string => join(home, "run", "control", "control.sock");

export const clientOf = (installation: Installation, socketPath = controlSocketOf(installation)): Client =>
  new Client({
    endpoint: { socketPath },
    token: readFileSync(join(installation.home, "token"), "utf8").trim(),
  });

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

export const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const request = http.get({ host: "127.0.0.1", port, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    request.on("error", () => resolve(false));
  });

/** Milliseconds from starting the program of a folder by itself to its first answer. */
export const bareStart = async (folder: string, command = process.execPath, file = "server.js"): Promise<number> => {
  const port = await freePort();
  const start = performance.now();
  const child = spawn(command, [file], { cwd: folder, env: { PORT: String(port) }, stdio: "ignore" });
  try {
    while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 1));
    return performance.now() - start;
  } finally {
    child.kill("SIGKILL");
  }
};

/** Milliseconds from the first call to the line that says live. */
const deployOnce = async (client: Client, folder: string, app: string): Promise<number> => {
  const { manifest, blobs } = manifestOf(folder);
  const start = performance.now();
  const { missing } = await client.call("sources.check", manifest);
  for (const sha256 of missing) {
    const bytes = blobs.get(sha256);
    if (bytes) await client.call("sources.upload", { sha256 }, { bytes });
  }
  const deployment = await client.call("deployments.create", { app, source: { kind: "tree", digest: sourceDigest(manifest) }, sandbox: "runc" });
  for await (const state of client.lines("deployments.watch", { deployment: deployment.deployment })) {
    if (state.state === "live") return performance.now() - start;
    if (state.state !== "waiting" && state.state !== "running") throw new Error(`The deployment ended so: ${JSON.stringify(state)}`);
  }
  throw new Error("The platform stopped answering.");
};

const changeOneLine = (folder: string, round: number): void => {
  const path = join(folder, "server.js");
  writeFileSync(path, `${readFileSync(path, "utf8").replace(/\n\/\/ round .*\n$/, "\n")}\n// round ${round}\n`);
};

const memoryOf = async (installation: Installation): Promise<Claim[]> => {
  const Status = z.object({ processes: z.array(z.object({ name: z.string(), memoryBytes: z.number().optional() })) });
  const { processes } = Status.parse(JSON.parse(await installation.expect(0, ["status", "--json"])));
  const claims = processes.map(({ name, memoryBytes = 0 }) => ({
    name: `memory when idle: ${name}`,
    measured: `${Math.round(memoryBytes / 2 ** 20)} MB`,
    goal: "",
    reached: undefined,
  }));
  const total = processes.reduce((sum, { memoryBytes = 0 }) => sum + memoryBytes, 0);
  return [...claims, { name: "memory when idle: all", measured: `${Math.round(total / 2 ** 20)} MB`, goal: "", reached: undefined }];
};

/** Gives an app two releases of node-hello. */
export const deployTwice = async (installation: Installation, app: string): Promise<void> => {
  const parent = mkdtempSync(join(tmpdir(), "slip-bench-"));
  const folder = join(parent, "node-hello");
  cpSync(join(repository, "examples/node-hello"), folder, { recursive: true });
  try {
    for (const round of [1, 2]) {
      changeOneLine(folder, round);
      await deployOnce(clientOf(installation), folder, app);
    }
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
};

export const deployClaims = async (installation: Installation): Promise<Claim[]> => {
  const parent = mkdtempSync(join(tmpdir(), "slip-bench-"));
  const folder = join(parent, "node-hello");
  cpSync(join(repository, "examples/node-hello"), folder, { recursive: true });
  try {
    const client = clientOf(installation);
    const memory = await memoryOf(installation);
    const first = await deployOnce(client, folder, "bench");
    const bare: number[] = [];
    const deploys: number[] = [];
    for (let round = 0; round < pairs + warmUps; round += 1) {
      changeOneLine(folder, round);
      bare.push(await bareStart(folder));
      deploys.push(await deployOnce(client, folder, "bench"));
    }
    const ratio = median(deploys.slice(warmUps).map((ms, index) => ms / (bare[index + warmUps] ?? Number.NaN)));
    const kept = deploys.slice(warmUps);
    return [
      { name: "deploy of a changed line / bare start of the program (runc)", measured: `${ratio.toFixed(2)} ×`, goal: "≤ 4 ×", reached: ratio <= 4 },
      {
        name: "  deploy of a changed line, call → live",
        measured: `p50 ${inMs(median(kept))}, p99 ${inMs(quantile(kept, 0.99))}`,
        goal: "",
        reached: undefined,
      },
      { name: "  bare start → first answer", measured: `p50 ${inMs(median(bare.slice(warmUps)))}`, goal: "", reached: undefined },
      { name: "first deploy on a running platform", measured: inMs(first), goal: "", reached: undefined },
      ...memory,
    ];
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
};
