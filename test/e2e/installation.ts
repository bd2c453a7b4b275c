// One platform of its own for a test: a fresh SLIP_HOME, any free ports, driven by `./slip` as a user does.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Client } from "@slipstream/contract/client.ts";
import { z } from "zod";
import { leftoversOf, removeLeftovers } from "./leftovers.ts";

export const repository = resolve(import.meta.dirname, "../..");

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A field that is null as long as nobody knows it. */
const known = <T extends z.ZodType>(schema: T) => schema.nullable().transform((value) => value ?? undefined);

/** What `slip deploy --json` prints. */
export const DeployResult = z.object({
  app: z.string(),
  deployment: known(z.string()),
  release: known(z.number()),
  artifact: known(z.string()),
  url: known(z.string()),
  outcome: z.enum(["live", "failed", "cancelled"]),
  phases: z.array(z.object({ name: z.string(), ms: z.number() })),
  failure: z
    .object({
      phase: z.string(),
      code: z.string(),
      summary: z.string(),
      evidence: z.array(z.string()),
      suspectedCause: z.string().optional(),
      nextActions: z.array(z.string()),
      file: z.string().optional(),
      line: z.number().optional(),
    })
    .optional(),
});
export type DeployResult = z.infer<typeof DeployResult>;

export interface RunOptions {
  input?: string;
  cwd?: string;
  timeoutMs?: number;
  env?: Record<string, string>;
  /** Sends it Ctrl-C when it aborts. */
  interrupt?: AbortSignal;
}

const run = (program: string, args: readonly string[], options: RunOptions & { env: NodeJS.ProcessEnv }): Promise<Ran> =>
  new Promise((done, reject) => {
    const settings = { env: options.env, cwd: options.cwd ?? repository, timeout: options.timeoutMs ?? 180_000, maxBuffer: 64 * 2 ** 20 };
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      if (error?.signal === "SIGINT" && options.interrupt?.aborted) done({ code: 130, stdout, stderr });
      else if (error && typeof error.code !== "number") reject(new Error(`slip ${args.join(" ")} did not end (${error.signal ?? error.code}): ${stderr}`));
      else done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
    options.interrupt?.addEventListener("abort", () => child.kill("SIGINT"), { once: true });
    child.stdin?.end(options.input ?? "");
  });

/** Users' homes are new in every test; what Node compiled need not be. */
const ofTests = { NODE_COMPILE_CACHE: join(repository, "node_modules/.cache/tests") } as const;

export class Installation {
  readonly home: string;
  /** Stands for the user's home folder, so that no cache of theirs is touched. */
  readonly userHome: string;
  #ca: string | undefined;
  #ports: { https: number; http: number } | undefined;
  readonly #endings: (() => void)[] = [];

  constructor(home: string = mkdtempSync(join(tmpdir(), "slip-e2e-")), userHome: string = mkdtempSync(join(tmpdir(), "slip-user-"))) {
    this.home = home;
    this.userHome = userHome;
  }

  /** Of programs that are to use this platform. */
  get environment(): Record<string, string> {
    const own = { ...ofTests, HOME: this.userHome, SLIP_HOME: this.home, SLIP_HTTP_PORT: "0", SLIP_HTTPS_PORT: "0", SLIP_TOKEN: "", SLIP_URL: "" };
    return { ...(process.env as Record<string, string>), ...own };
  }

  /** Runs `./slip` with the words given. Rejects only when it does not end in time. */
  slip(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return run(join(repository, "slip"), args, { ...options, env: { ...this.environment, ...options.env } });
  }

  /** As `slip`, and throws with what it said when the exit code is another than expected. Gives standard output. */
  async expect(code: number, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const ran = await this.slip(args, options);
    if (ran.code !== code)
      throw new Error(`slip ${args.join(" ")} ended with ${ran.code}, not ${code}:\n${ran.stdout.slice(-4_000)}\n${ran.stderr.slice(-4_000)}`);
    return ran.stdout;
  }

  async up(env: Record<string, string> = {}): Promise<void> {
    await this.expect(0, ["up"], { env });
    await this.readAddress();
  }

  /** Learns the ports and the authority of a platform that runs; not by the command line, whose processes take as long as a test. */
  async readAddress(): Promise<void> {
    const client = this.client();
    const [status, { certificate }] = await Promise.all([client.call("platform.status", {}), client.call("platform.trust", {})]);
    this.#ports = { https: status.httpsPort, http: status.httpPort };
    this.#ca = certificate;
  }

  /** Asks as the command line does, without a process for each question: for what is asked again and again. */
  client(): Client {
    const token = readFileSync(join(this.home, "token"), "utf8").trim();
    return new Client({ endpoint: { socketPath: join(this.home, "run/control/control.sock") }, token });
  }

  get httpsPort(): number {
    return this.#known().ports.https;
  }
  get httpPort(): number {
    return this.#known().ports.http;
  }
  get ca(): string {
    return this.#known().ca;
  }

  async deploy(source: string, args: readonly string[] = [], options: RunOptions = {}): Promise<DeployResult> {
    const ran = await this.slip(["deploy", source, "--json", ...args], { timeoutMs: 600_000, ...options });
    const result = DeployResult.safeParse(JSON.parse(ran.stdout || "null"));
    if (!result.success) throw new Error(`slip deploy ${source} ended with ${ran.code} and printed\n${ran.stdout.slice(-4_000)}\n${ran.stderr.slice(-4_000)}`);
    const codes = { live: 0, failed: 1, cancelled: 3 };
    if (ran.code !== codes[result.data.outcome]) throw new Error(`slip deploy ended with ${ran.code}, but the outcome is ${result.data.outcome}.`);
    return result.data;
  }

  /** Deploys, and throws with the whole report when it does not end live. */
  async deployLive(source: string, args: readonly string[] = [], options: RunOptions = {}): Promise<DeployResult> {
    const result = await this.deploy(source, args, options);
    if (result.outcome !== "live") throw new Error(`The deployment of ${source} ended so: ${JSON.stringify(result, undefined, 2)}`);
    return result;
  }

  /** Something of a test that must not outlive it, also where it fails. */
  atEnd(ending: () => void): void {
    this.#endings.push(ending);
  }

  /** An HTTPS agent that trusts this platform. Its connections are closed at the end of the test. */
  agent(options: https.AgentOptions = {}): https.Agent {
    const agent = new https.Agent({ ca: this.ca, ...options });
    this.atEnd(() => agent.destroy());
    return agent;
  }

  /** Asks an app (a name, or a whole host name) over HTTPS; no name has to be resolved. */
  request(app: string, path = "/", options: https.RequestOptions & { body?: string } = {}): Promise<Answer> {
    const { body, ...more } = options;
    const host = app.includes(".") ? app : `${app}.slip.localhost`;
    const target = { host: "127.0.0.1", port: this.httpsPort, servername: host, ca: this.ca, path, timeout: 30_000, ...more };
    return new Promise((done, reject) => {
      const request = https.request({ ...target, headers: { host: `${host}:${this.httpsPort}`, ...more.headers } }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => done({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks).toString() }));
      });
      request.on("timeout", () => request.destroy(new Error(`${host}${path} did not answer in time`)));
      request.on("error", reject);
      request.end(body);
    });
  }

  installationId(): string | undefined {
    try {
      return z.object({ id: z.string() }).parse(JSON.parse(readFileSync(join(this.home, "installation.json"), "utf8"))).id;
    } catch {
      return undefined;
    }
  }

  /** Does what a test has left for its end. */
  protected settle(): void {
    for (const ending of this.#endings) ending();
  }

  /** Stops the platform and removes its folders. Throws when anything of it is left on the machine. */
  async end(): Promise<void> {
    this.settle();
    const down = await this.slip(["down"], { timeoutMs: 60_000 }).catch((error: unknown) => ({ code: -1, stdout: "", stderr: String(error) }));
    const left = await leftoversOf(this.installationId(), this.home);
    rmSync(this.userHome, { recursive: true, force: true });
    if (left.length > 0) await removeLeftovers(this.installationId(), this.home);
    const ended = left.length === 0 && down.code === 0;
    if (ended) rmSync(this.home, { recursive: true, force: true });
    else throw new Error(`'slip down' ended with ${down.code} (${down.stderr}); left over: ${left.join("; ") || "nothing"}; see ${this.home}`);
  }

  #known(): { ports: { https: number; http: number }; ca: string } {
    if (!this.#ports || this.#ca === undefined) throw new Error("The platform has not been started.");
    return { ports: this.#ports, ca: this.#ca };
  }
}
