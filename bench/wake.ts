// The first request to an app that sleeps, through the edge, against the bare start of the same program: frozen, ended, and many at once.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Installation } from "../test/e2e/installation.ts";
import { nodeProgram } from "../test/e2e/sources.ts";
import { type Claim, inMs, median, quantile } from "./claim.ts";
import { bareStart, clientOf } from "./deploy.ts";
import { RawRunsc } from "./raw-runsc.ts";

/** A server in one language: what an app of it is, and how it is started without a platform. */
interface Program {
  file: string;
  text: string;
  command: string;
  /** Files beside it. */
  more: Readonly<Record<string, string>>;
}
const node: Program = {
  file: "server.js",
  text: nodeProgram('"awake"'),
  command: process.execPath,
  more: { "package.json": '{"scripts":{"start":"node server.js"}}' },
};
const python: Program = {
  file: "server.py",
  text: `import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Awake(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"awake")


ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Awake).serve_forever()
`,
  command: "/usr/bin/python3",
  more: { "requirements.txt": "# none\n" },
};
/** No parked Node was started with such a flag: to it the pool is empty, and what waits is at most its own next sandbox. */
const flagged: Program = { ...node, more: { "package.json": '{"scripts":{"start":"node --max-old-space-size=96 server.js"}}' } };
const sleepsWithinMs = 300_000;
/** Until another sandbox was made in advance. */
const pauseMs = 1_500;
const atOnce = 50;

interface Stage {
  name: string;
  what: string;
  sandbox: "runc" | "gvisor";
  state: "asleep" | "stopped";
  apps: number;
  program: Program;
  /** Asked of a platform that makes nothing in advance. */
  plain?: true;
  /** What it is measured against; the bare start of the program where it is not said. */
  floor?: "runsc run";
  goal: number;
}

const stages: readonly Stage[] = [
  { name: "frozen", what: "a frozen app", sandbox: "runc", state: "asleep", apps: 20, program: node, goal: 0.35 },
  { name: "ended", what: "an app that was ended", sandbox: "runc", state: "stopped", apps: 20, program: node, goal: 0.35 },
  { name: "python", what: "an app in Python that was ended", sandbox: "runc", state: "stopped", apps: 20, program: python, goal: 0.35 },
  { name: "unfit", what: "an app that was ended, and that nothing in the pool fits", sandbox: "runc", state: "stopped", apps: 20, program: flagged, goal: 1.3 },
  {
    name: "bare",
    what: "an app that was ended, with nothing made in advance",
    sandbox: "runc",
    state: "stopped",
    apps: 20,
    program: node,
    plain: true,
    goal: 1.3,
  },
  { name: "gfrozen", what: "a frozen app", sandbox: "gvisor", state: "asleep", apps: 10, program: node, goal: 0.7 },
  { name: "gended", what: "an app that was ended", sandbox: "gvisor", state: "stopped", apps: 10, program: node, goal: 0.7 },
  { name: "gpython", what: "an app in Python that was ended", sandbox: "gvisor", state: "stopped", apps: 10, program: python, goal: 0.7 },
  {
    name: "gbare",
    what: "an app that was ended, with nothing made in advance",
    sandbox: "gvisor",
    state: "stopped",
    apps: 10,
    program: node,
    plain: true,
    floor: "runsc run",
    goal: 1.05,
  },
];

type Apps = Pick<Stage, "name" | "sandbox" | "state" | "apps" | "program">;

const nameOf = ({ name }: Pick<Stage, "name">, index: number): string => `wake-${name}-${index}`;

const filesOf = ({ sandbox, state, program }: Apps): { path: string; text: string }[] => {
  const stop = state === "asleep" ? "1h" : "0s";
  const config = `[run]\nsandbox = "${sandbox}"\nmemory = "128MB"\n[sleep]\nafter = "10s"\nstop = "${stop}"\n`;
  const files = { [program.file]: program.text, ...program.more, "slip.toml": config };
  return Object.entries(files).map(([path, text]) => ({ path, text }));
};

const deployAll = async (installation: Installation, stage: Apps): Promise<void> => {
  const client = clientOf(installation);
  for (let index = 0; index < stage.apps; index += 1) {
    const { deployment } = await client.call("deployments.create", { app: nameOf(stage, index), source: { kind: "files", files: filesOf(stage) } });
    const ended = await client.call("deployments.wait", { deployment, timeoutMs: 60_000 });
    if (ended.state !== "live") throw new Error(`The deployment ended so: ${JSON.stringify(ended)}`);
  }
};

/** Resolves when that many instances rest so. */
const untilResting = async (installation: Installation, state: Stage["state"], count: number): Promise<void> => {
  for (const end = Date.now() + sleepsWithinMs; Date.now() < end; await sleep(500)) {
    const { host } = await clientOf(installation).call("platform.status", {});
    const states = host?.workloads.flatMap(({ instances }) => instances.map((instance) => instance.state)) ?? [];
    if (states.filter((it) => it === state).length >= count && !states.includes("ready")) return;
  }
  throw new Error(`Not all apps came to be ${state}.`);
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

const destroyAll = async (installation: Installation, stage: Pick<Stage, "name" | "apps">): Promise<void> => {
  const client = clientOf(installation);
  for (let index = 0; index < stage.apps; index += 1) await client.call("apps.destroy", { app: nameOf(stage, index) });
};

const bareOf = ({ command, file }: Program, folder: string): Promise<number> => bareStart(folder, command, file);

const measure = async (installation: Installation, stage: Stage, folder: string): Promise<Claim> => {
  using raw = new RawRunsc(node.text);
  await deployAll(installation, stage);
  await untilResting(installation, stage.state, stage.apps);
  const [wakes, ratios]: [number[], number[]] = [[], []];
  for (let index = 0; index < stage.apps; index += 1) {
    await sleep(pauseMs);
    const bare = await (stage.floor === undefined ? bareOf(stage.program, folder) : raw.start());
    const ms = await ask(installation, nameOf(stage, index));
    wakes.push(ms);
    ratios.push(ms / bare);
  }
  await destroyAll(installation, stage);
  const ratio = median(ratios);
  return {
    name: `first request to ${stage.what}, through the edge / ${stage.floor ?? "bare start"} (${stage.sandbox})`,
    measured: `${ratio.toFixed(2)} × (p50 ${inMs(median(wakes))}, p99 ${inMs(quantile(wakes, 0.99))})`,
    goal: `≤ ${stage.goal} ×`,
    reached: ratio <= stage.goal,
  };
};

const timeOf = async (act: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await act();
  return performance.now() - start;
};

/** Until the last has answered, against as many bare programs that are started at once. */
const measureAtOnce = async (installation: Installation, folder: string): Promise<Claim> => {
  const stage = { name: "many", sandbox: "runc", state: "stopped", apps: atOnce, program: node } as const;
  await deployAll(installation, stage);
  await untilResting(installation, "stopped", atOnce);
  await sleep(pauseMs);
  const all = Array.from({ length: atOnce }, (_, index) => index);
  const floor = await timeOf(() => Promise.all(all.map(() => bareOf(node, folder))));
  await sleep(pauseMs);
  const woken = await timeOf(() => Promise.all(all.map((index) => ask(installation, nameOf(stage, index)))));
  const ratio = woken / floor;
  return {
    name: `${atOnce} apps that were ended, woken at once, until the last has answered / as many bare starts at once (runc)`,
    measured: `${ratio.toFixed(2)} × (${inMs(woken)} to ${inMs(floor)})`,
    goal: "≤ 1.2 ×",
    reached: ratio <= 1.2,
  };
};

const measurePlain = async (folder: string): Promise<Claim[]> => {
  const installation = new Installation();
  try {
    await installation.up({ SLIP_SPARES: "0" });
    const claims: Claim[] = [];
    for (const stage of stages.filter(({ plain }) => plain)) claims.push(await measure(installation, stage, folder));
    return claims;
  } finally {
    await installation.end();
  }
};

export const wakeClaims = async (installation: Installation): Promise<Claim[]> => {
  const folder = mkdtempSync(join(tmpdir(), "slip-bench-"));
  try {
    for (const { file, text } of [node, python]) writeFileSync(join(folder, file), text);
    const claims: Claim[] = [];
    for (const stage of stages.filter(({ plain }) => !plain)) claims.push(await measure(installation, stage, folder));
    claims.push(await measureAtOnce(installation, folder));
    return [...claims, ...(await measurePlain(folder))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
