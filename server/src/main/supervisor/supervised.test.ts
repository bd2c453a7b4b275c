import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanEnv } from "#platform/exec.ts";
import { type Home, homeAt } from "#platform/home.ts";
import { isAlive } from "#platform/process-identity.ts";
import type { ProcessPlan } from "./plan.ts";
import { processLogPath } from "./process-log.ts";
import { Supervised } from "./supervised.ts";

let home: Home;
let started: Supervised[] = [];
const silent = { info() {}, warn() {}, error() {} };

beforeEach(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), "slip-supervised-")));
  mkdirSync(home.processLogs);
  started = [];
});
afterEach(async () => {
  await Promise.all(started.map((process) => process.stop()));
  rmSync(home.root, { recursive: true });
});

/** A program that answers HTTP on a socket, unless its words say otherwise. */
const server = `const [path] = process.argv.slice(1); require("node:fs").rmSync(path, { force: true });
console.log("hello");
require("node:http").createServer((_, answer) => answer.end("{}")).listen(path);`;

const planOf = (script: string, more: Partial<ProcessPlan> = {}): ProcessPlan => {
  const socketPath = join(home.root, "socket");
  return {
    name: "thing",
    argv: [process.execPath, "-e", script, socketPath],
    env: cleanEnv,
    cwd: "/",
    needs: [],
    readiness: { kind: "http", probes: [{ socketPath, path: "/" }] },
    stopSignal: "SIGTERM",
    stopMs: 5_000,
    ...more,
  };
};

const supervise = (plan: ProcessPlan, before?: () => Promise<void>): Supervised => {
  const process = new Supervised(plan, { home, log: silent, changed: () => {}, ...(before ? { before } : {}) });
  started.push(process);
  return process;
};

const until = async (holds: () => boolean): Promise<void> => {
  for (const limit = performance.now() + 10_000; !holds(); await sleep(10)) if (performance.now() > limit) throw new Error("it did not happen in 10 s");
};

test("it is ready when it answers, and keeps what it prints", async () => {
  const thing = supervise(planOf(server));
  await thing.start();
  assert.equal(thing.record?.state, "starting");
  await thing.ready;
  assert.equal(thing.record?.state, "ready");
  assert.equal(readFileSync(processLogPath(home, "thing"), "utf8"), "hello\n");
});

test("it is started again when it was killed, with another process id", async () => {
  const thing = supervise(planOf(server));
  await thing.start();
  await thing.ready;
  const first = thing.record?.pid ?? 0;
  process.kill(first, "SIGKILL");
  await until(() => thing.record?.state === "ready" && thing.record.pid !== first);
  assert.equal(thing.record?.restarts, 1);
});

test("another supervisor adopts it, learns of its end, and starts it again", async () => {
  const thing = supervise(planOf(server));
  await thing.start();
  await thing.ready;
  const record = thing.record;
  assert.ok(record);
  const adopted = supervise(planOf(server));
  assert.ok(adopted.adopt(record));
  await adopted.ready;
  assert.equal(adopted.record?.pid, record.pid);
  void thing.stop();
  await until(() => adopted.record?.pid !== record.pid && adopted.record?.state === "ready");
  assert.equal(adopted.record?.restarts, 1);
});

test("nobody adopts a process that only has the same number", async () => {
  const record = { name: "thing", pid: process.pid, startTime: "1", state: "ready", restarts: 0, since: new Date().toISOString() } as const;
  assert.equal(supervise(planOf(server)).adopt(record), false);
});

test("one that stands still is ended after the questions of its plan, and started again", async () => {
  const replaced = supervise(planOf(server, { unreadySignal: "SIGKILL", unansweredMax: 1 }));
  await replaced.start();
  await replaced.ready;
  const first = replaced.record?.pid ?? 0;
  process.kill(first, "SIGSTOP");
  await until(() => replaced.record?.state === "ready" && replaced.record.pid !== first);
});

test("a stop waits for the end, and ends by force what does not listen", async () => {
  const thing = supervise(planOf(`process.on("SIGTERM", () => {}); ${server}`, { stopMs: 200 }));
  await thing.start();
  await thing.ready;
  const record = thing.record;
  assert.ok(record);
  await thing.stop();
  assert.ok(!isAlive(record));
  assert.equal(thing.record?.state, "stopped");
});

test("a stop in the pause before a restart is the end", async () => {
  const thing = supervise(planOf("process.exit(3)"));
  await thing.start();
  await until(() => thing.failures > 1 && thing.record?.state === "backoff");
  const before = thing.record?.restarts;
  await thing.stop();
  await sleep(500);
  assert.equal(thing.record?.restarts, before);
  assert.equal(thing.record?.state, "stopped");
});

test("what cannot be prepared, or does not exist, is tried again and said", async () => {
  const unprepared = supervise(planOf(server), () => Promise.reject(new Error("no room")));
  void unprepared.start();
  await until(() => unprepared.failures >= 2);
  assert.match(readFileSync(processLogPath(home, "thing"), "utf8"), /no room/);
  const absent = supervise(planOf("", { name: "absent", argv: ["/does/not/exist"] }));
  void absent.start();
  await until(() => absent.failures >= 2);
});
