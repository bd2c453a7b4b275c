// Starts the platform: in the background until it is ready, with --foreground as the supervisor itself; --down ends it.
// --inherit: the process that started us has handed on the public sockets of the supervisor before.
import { spawn } from "node:child_process";
import { existsSync, writeSync } from "node:fs";
import type { Server } from "node:net";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { fromErrorBody, SlipError, toErrorBody } from "@slipstream/contract/errors.ts";
import { givenPorts, readConfig } from "#platform/config.ts";
import { asDiskFull } from "#platform/disk-full.ts";
import { homeAt } from "#platform/home.ts";
import { readInstallation, saveInstallation } from "#platform/installation.ts";
import { lockSupervisor } from "#platform/lock.ts";
import { logOf } from "#platform/log.ts";
import { isAlive, type ProcessIdentity, signal } from "#platform/process-identity.ts";
import { claimSubnet } from "#platform/subnets.ts";
import { ensureCluster } from "./supervisor/cluster.ts";
import { codeKey, ensureCode, inCode } from "./supervisor/code.ts";
import { ensureCompiled } from "./supervisor/compiled.ts";
import { unmountRun } from "./supervisor/mounts.ts";
import type { Ground } from "./supervisor/plan.ts";
import { prepareDisk, prepareHome } from "./supervisor/prepare.ts";
import { lastWords, withProcessLog } from "./supervisor/process-log.ts";
import { PublicSockets } from "./supervisor/public-sockets.ts";
import { readState } from "./supervisor/state.ts";
import { withStores } from "./supervisor/stores.ts";
import { Supervisor } from "./supervisor/supervisor.ts";
import { isKept, isPlatformStopping } from "./supervisor/watch.ts";

const readyMs = 120_000;
const downMs = 150_000;
/** Those who hold the public sockets of a supervisor that died start another one within seconds. */
const handOverMs = 10_000;
/** The repository that this file is of. */
const source = resolve(import.meta.dirname, "../../..");

const requireRoot = (): void => {
  if (process.getuid?.() !== 0) throw new SlipError("not_root");
};

const groundOf = (config: ReturnType<typeof readConfig>, prepared: Pick<Ground, "home" | "installation" | "code">): Ground => ({
  ...prepared,
  config,
  node: inCode(prepared.code, source, process.execPath),
  cores: availableParallelism(),
});

/** Says to the process that started us how it went. That it is gone is no reason to end. */
const reporter = (descriptor: string | undefined) => (result: object) => {
  if (descriptor === undefined) return;
  try {
    writeSync(Number(descriptor), `${JSON.stringify(result)}\n`);
  } catch {}
};

/**
 * The lock; or undefined when another supervisor has it and is ready, for what it runs is what was asked for. One that stops is waited
 * for. Who has not inherited the public sockets lets those go first that hold them: they alone can go on without refusing a client.
 */
const lockUnlessReady = async (home: Ground["home"], inherits: boolean): Promise<Server | undefined> => {
  for (const begun = performance.now(); performance.now() < begun + readyMs; await sleep(50)) {
    const mayTake = inherits || performance.now() > begun + handOverMs || !isKept(home);
    const lock = mayTake ? await lockSupervisor(home) : undefined;
    // It was started to go on with a platform that somebody has ended since.
    if (inherits && isPlatformStopping(home)) return undefined;
    if (lock) return lock;
    const state = readState(home);
    if (state?.supervisor.state === "ready" && isAlive(state.supervisor)) return undefined;
  }
  throw new SlipError("unreachable", "Another 'slip up' runs, but does not become ready.", { next: `Read ${home.processLogs}/supervisor.log.` });
};

/** Resolves when the platform is to end. `ready` runs when every process answers. */
const superviseUntilAsked = async (supervisor: Supervisor, ready: () => void): Promise<void> => {
  const asked = new Promise<void>((done) => {
    for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(name, () => done());
  });
  try {
    await supervisor.start();
    await Promise.race([supervisor.ready().then(ready), asked]);
    await asked;
  } finally {
    await supervisor.stop();
  }
};

/** Begins at once with the cluster of a first start, which takes the longest of all; PostgreSQL waits for it, and a failure is tried again. */
const firstCluster = (ground: Ground) => {
  if (ground.config.databaseUrl !== undefined) return {};
  const begun = ensureCluster(ground);
  begun.catch(() => {});
  return { postgres: () => begun.catch(() => ensureCluster(ground)) };
};

const foreground = async (report: (result: object) => void, inherits: boolean): Promise<void> => {
  const config = readConfig();
  const prepared = await prepareHome(config.home, givenPorts());
  const { home } = prepared;
  if (!(await lockUnlessReady(home, inherits))) return report({ ready: true });
  const agreed = withStores(prepared.installation, config);
  const installation = { ...prepared.installation, subnet: (await claimSubnet(prepared.installation.subnet)).subnet };
  prepareDisk(home, installation);
  const prepare = firstCluster(groundOf(config, { home, installation, code: source }));
  const key = codeKey(source);
  await ensureCompiled(source, process.execPath, key);
  const code = await ensureCode(home, source, key);
  const given = { prepare, sockets: inherits ? PublicSockets.inherited() : undefined };
  await superviseUntilAsked(new Supervisor(groundOf(config, { home, installation, code }), logOf("supervisor"), given), () => {
    // Only now: an address that was mistyped at the first start is nothing to hold on to.
    saveInstallation(home, { ...installation, database: agreed.database, restate: agreed.restate });
    report({ ready: true });
  });
};

/** Starts the supervisor detached and waits for its report. */
const background = async (): Promise<void> => {
  const { home } = await prepareHome(readConfig().home, givenPorts());
  const args = [import.meta.filename, "--foreground", "--report", "3"];
  const child = withProcessLog(home, "supervisor", (file) =>
    spawn(process.execPath, args, { detached: true, cwd: "/", env: process.env, stdio: ["ignore", file, file, "pipe"] }),
  );
  const pipe = child.stdio[3];
  if (!pipe || !("setEncoding" in pipe)) throw new Error("the supervisor's report cannot be read");
  let text = "";
  pipe.setEncoding("utf8");
  for await (const chunk of pipe) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  child.unref();
  if (text === "")
    throw new SlipError("internal", "The supervisor ended.", { next: `Read ${home.processLogs}/supervisor.log.`, evidence: lastWords(home, "supervisor", 10) });
  const result = JSON.parse(text) as { ready?: true };
  if (!result.ready) throw fromErrorBody(result);
};

/** Nobody supervises: what an earlier supervisor left running is ended here. The caller has the lock. */
const stopLeftovers = async (config: ReturnType<typeof readConfig>, home: Ground["home"]): Promise<void> => {
  if (readState(home)) {
    const supervisor = new Supervisor(groundOf(config, { home, installation: readInstallation(home), code: source }), logOf("down"));
    await supervisor.adoptToStop();
    await supervisor.stop();
  } else await unmountRun(home);
};

const notStopping = (home: Ground["home"]): SlipError =>
  new SlipError("internal", "The platform does not stop.", { next: `Read ${home.processLogs}/supervisor.log.` });

const ended = async (supervisor: ProcessIdentity, home: Ground["home"], until: number): Promise<void> => {
  for (; isAlive(supervisor); await sleep(20)) if (performance.now() > until) throw notStopping(home);
};

const down = async (): Promise<void> => {
  const config = readConfig();
  const home = homeAt(config.home);
  if (!existsSync(home.installation)) return;
  for (const until = performance.now() + downMs; performance.now() < until; await sleep(20)) {
    const supervisor = readState(home)?.supervisor;
    if (supervisor && signal(supervisor, "SIGTERM")) return await ended(supervisor, home, until);
    // One that starts has the lock already, and has not said yet who it is.
    if (await lockSupervisor(home)) return await stopLeftovers(config, home);
  }
  throw notStopping(home);
};

const explain = (error: unknown): SlipError =>
  error instanceof SlipError ? error : (asDiskFull(error) ?? new SlipError("internal", error instanceof Error ? error.message : String(error)));

/** For people; with --json the body of the catalogue, for the program that started us. */
const tell = (error: SlipError, json: boolean): void => {
  const lines = json ? [JSON.stringify(toErrorBody(error))] : [`${error.message} ${error.next}`, ...(error.details.evidence ?? [])];
  process.stderr.write(`${lines.join("\n")}\n`);
};

const main = async (): Promise<number> => {
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({ options: { foreground: flag, down: flag, json: flag, inherit: flag, report: { type: "string" } } });
  const report = reporter(values.report);
  try {
    requireRoot();
    await (values.down ? down() : values.foreground ? foreground(report, values.inherit === true) : background());
    return 0;
  } catch (error) {
    const known = explain(error);
    report(toErrorBody(known));
    tell(known, values.json === true);
    return known.exit;
  }
};

// What still waits (a pause before a restart, the lock) has nothing left to do.
process.exit(await main());
