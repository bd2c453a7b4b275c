// A platform with a neighbour that must go on, and the app that makes the attempts; it is told what there is to be reached.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "@slipstream/contract/limits.ts";
import { LogLine } from "@slipstream/contract/logs.ts";
import { z } from "zod";
import { type DeployResult, Installation, repository } from "../e2e/installation.ts";
import { cgroupsOf } from "../e2e/leftovers.ts";
import { newTree } from "../e2e/sources.ts";
import { Processes } from "../faults/processes.ts";

export const Result = z.object({ outcome: z.enum(["open", "denied", "broken"]), detail: z.string() });
export type Result = z.infer<typeof Result>;
export const Results = z.record(z.string(), Result);
export type Results = z.infer<typeof Results>;

const memoryBytes = 256 * 2 ** 20;
/** More than /tmp of a build may take of it. */
const heldMemoryBytes = 768 * 2 ** 20;
const Probe = z.object({ addresses: z.array(z.string()), port: z.string() });

/** Nobody but a privileged process gives more than it has: so that a test can, the platform has half of what this machine allows. */
const openFiles = Math.min(
  limits.openFiles.default,
  Math.floor(Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 1_024) / 2),
);

/** `find` follows no link: a bundle has one to itself. */
const socketsBelow = (folder: string): string[] =>
  execFileSync("find", [folder, "-maxdepth", "3", "-type", "s"], { encoding: "utf8" })
    .split("\n")
    .filter((path) => path !== "");

export class World {
  readonly installation = new Installation();
  readonly #source = mkdtempSync(join(tmpdir(), "slip-escapes-"));
  readonly #abstract = `slip-escape-${process.pid}`;
  readonly #listener = net.createServer((socket) => socket.on("error", () => {}).end("x"));

  async open(): Promise<void> {
    const { installation } = this;
    this.#listener.listen(`\0${this.#abstract}`);
    await installation.up({ SLIP_SANDBOX_FLOOR: "gvisor" });
    execFileSync("prlimit", ["--pid", `${new Processes(installation.home).pidOf("host")}`, `--nofile=${openFiles}:${openFiles}`]);
    await installation.deployLive(join(repository, "test/fixtures/probe"), ["--app", "neighbour", "--sandbox", "runc"]);
    const neighbour = Probe.parse(JSON.parse((await installation.request("neighbour")).body));
    cpSync(join(repository, "test/fixtures/escapes"), this.#source, { recursive: true });
    writeFileSync(join(this.#source, "targets.json"), JSON.stringify(this.#targets(neighbour)));
  }

  /** Deploys the app of the attempts and gives its name. */
  async deploy(sandbox: "runc" | "gvisor"): Promise<string> {
    const app = `escape-${sandbox}`;
    await this.installation.deployLive(this.#source, ["--app", app, "--sandbox", sandbox]);
    return app;
  }

  /** Deploys an app whose build step makes a flood, and gives how that ended. */
  async floodBuild(name: string): Promise<DeployResult> {
    return this.installation.deploy(this.#builder(name, { memory: name === "memory-flood" ? 128 : 1_024, command: `python3 flood.py ${name}` }));
  }

  /** Begins a build that goes on until the function that it gives is called; resolves when its step runs. */
  async holdBuild(): Promise<() => Promise<void>> {
    const deploying = this.installation.deploy(this.#builder("held", { memory: heldMemoryBytes / 2 ** 20, command: "sleep 600" }));
    deploying.catch(() => {});
    const runs = join(this.installation.home, "run/runs");
    const held = (): string | undefined => readdirSync(runs).find((name) => name.endsWith("-build") && existsSync(join(runs, name, "pid")));
    for (const end = performance.now() + 60_000; held() === undefined; await sleep(50))
      if (performance.now() > end) throw new Error("The build does not begin.");
    const deployment = (held() ?? "").replace(/^run-|-build$/g, "");
    return async () => {
      await this.installation.expect(0, ["cancel", deployment]);
      await deploying;
    };
  }

  /** The source of an app that makes attempts in its build, where other limits hold. */
  #builder(name: string, { memory, command }: { memory: number; command: string }): string {
    const source = newTree(name, { "slip.toml": `[build]\nmemory = "${memory} MB"\ncommand = "${command}"\n[run]\ncommand = "python3 server.py"\n` });
    cpSync(this.#source, source, { recursive: true, force: false });
    const targets = z.looseObject({ limits: z.looseObject({}) }).parse(JSON.parse(readFileSync(join(source, "targets.json"), "utf8")));
    Object.assign(targets.limits, { pids: limits.buildPids.default, tmpBytes: limits.buildTmpBytes.default, memoryBytes: memory * 2 ** 20 });
    writeFileSync(join(source, "targets.json"), JSON.stringify(targets));
    return source;
  }

  async ask(app: string, path: string): Promise<unknown> {
    const answer = await this.installation.request(app, path, { timeout: 120_000 });
    if (answer.status !== 200) throw new Error(`${app}${path} answered ${answer.status}: ${answer.body}`);
    return JSON.parse(answer.body);
  }

  /** Resolves when the app answers: one that was ended by a limit is started again. */
  async untilAnswers(app: string): Promise<void> {
    for (const end = performance.now() + 60_000; performance.now() < end; await sleep(200)) if ((await this.installation.request(app)).status === 200) return;
    throw new Error(`${app} does not answer any more.`);
  }

  /** Resolves when the platform's lines about the app match all that is expected. */
  async untilTold(app: string, when: "build" | "runtime", expected: readonly RegExp[]): Promise<void> {
    let lines: string[] = [];
    for (const end = performance.now() + 15_000; performance.now() < end; await sleep(500)) {
      lines = (await this.#platformLines(app)).filter(({ instance }) => (instance === "") === (when === "build")).map(({ text }) => text);
      if (expected.every((pattern) => lines.some((line) => pattern.test(line)))) return;
    }
    const missing = expected.filter((pattern) => !lines.some((line) => pattern.test(line)));
    throw new Error(`No line of the platform about ${missing.join(", ")} (${when}); there are\n${lines.join("\n")}`);
  }

  async #platformLines(app: string): Promise<{ instance: string; text: string }[]> {
    const printed = await this.installation.expect(0, ["logs", app, "--platform", "--json"]);
    const lines = printed
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => LogLine.parse(JSON.parse(line)));
    return lines.filter(({ source }) => source === "platform");
  }

  /** What there still is of programs that run once, builds' steps among them. */
  async runsLeft(): Promise<string[]> {
    const groups = (await cgroupsOf(this.id)).filter((path) => /\/run-[^/]*$/.test(path));
    return [...readdirSync(join(this.installation.home, "run/runs")), ...groups];
  }

  async close(): Promise<void> {
    this.#listener.close();
    rmSync(this.#source, { recursive: true, force: true });
    await this.installation.end();
  }

  /** The numeric id of an installation, for its names on the machine. */
  get id(): string {
    const id = this.installation.installationId();
    if (id === undefined) throw new Error("The installation has no id.");
    return id;
  }

  #targets({ addresses, port }: z.infer<typeof Probe>): Record<string, unknown> {
    const { home, httpPort, httpsPort } = this.installation;
    const own = z.object({ subnet: z.number(), handlerPort: z.number() }).parse(JSON.parse(readFileSync(join(home, "installation.json"), "utf8")));
    const machine = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).flatMap((each) => (each.family === "IPv4" && !each.internal ? [each.address] : [])),
    );
    const hostFiles = ["installation.json", "token", "control/sealing-key"].map((name) => join(home, name)).filter((path) => existsSync(path));
    return {
      hostFiles,
      machine: [`10.${own.subnet}.0.1`, machine.find((address) => !address.startsWith(`10.${own.subnet}.`)) ?? "127.0.0.1"],
      ports: [httpPort, httpsPort, own.handlerPort],
      apps: addresses.map((address) => [address, Number(port)]),
      appNames: ["neighbour", "escape-runc", "escape-gvisor"],
      sockets: [...socketsBelow(join(home, "run")), ...socketsBelow(join(home, "restate"))],
      abstract: [this.#abstract],
      limits: {
        pids: limits.pids.default,
        memoryBytes,
        tmpBytes: limits.tmpBytes.default,
        openFiles,
        files: limits.tmpFiles.default,
        lines: limits.logLinesPerSecond.default * 4,
      },
    };
  }
}
