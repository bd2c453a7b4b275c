// Starts the platform: in the background until it is ready, with --foreground as the supervisor itself; --down ends it.
// --inherit: the process that started us has handed on the public sockets of the supervisor before.
import { spawn } from "node:child_process";
import { existsSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { fromErrorBody, SlipError, toErrorBody } from "@slipstream/contract/errors.ts";
import { givenPorts, readConfig } from "#platform/config.ts";
import { asDiskFull } from "#platform/disk-full.ts";
import { homeAt } from "#platform/home.ts";
import { lockSupervisor } from "#platform/lock.ts";
import { isAlive, type ProcessIdentity, signal } from "#platform/process-identity.ts";
import type { Ground } from "./supervisor/plan.ts";
import { prepareHome } from "./supervisor/prepare.ts";
import { lastWords, withProcessLog } from "./supervisor/process-log.ts";
import { readState } from "./supervisor/state.ts";

/** Each process has its time to end, and a host that did not remove its instances is followed by another one. */
const downMs = 270_000;

const requireRoot = (): void => {
  if (process.getuid?.() !== 0) throw new SlipError("not_root");
};

/** Says to the process that started us how it went. That it is gone is no reason to end. */
const reporter = (descriptor: string | undefined) => (result: object) => {
  if (descriptor === undefined) return;
  try {
    writeSync(Number(descriptor), `${JSON.stringify(result)}\n`);
  } catch {}
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
    if (supervisor && signal(supervisor, "SIGTERM")) {
      await ended(supervisor, home, until);
      // It may have been killed before it was done.
      if ((await import("./supervisor/left.ts")).leftOf(home).length === 0) return;
    }
    // One that starts has the lock already, and has not said yet who it is.
    if (await lockSupervisor(home)) return await (await import("./supervisor/foreground.ts")).stopLeftovers(config, home);
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
    await (values.down ? down() : values.foreground ? (await import("./supervisor/foreground.ts")).foreground(report, values.inherit === true) : background());
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
