import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { identityOf, isAlive, isHalted, parseStat, signal } from "./process-identity.ts";

test("a program's name may hold brackets and blanks", () => {
  const fields = Array.from({ length: 40 }, (_, index) => `${index + 5}`).join(" ");
  assert.deepEqual(parseStat(`12 (a) R (b) S 34 ${fields}`), { state: "S", parent: 34, startTime: "22" });
  assert.equal(parseStat("nonsense"), undefined);
});

test("a process is alive until it ends, also before it is reaped", async () => {
  const child = spawn("sleep", ["60"]);
  const identity = identityOf(child.pid ?? 0);
  assert.ok(identity);
  assert.ok(isAlive(identity));
  assert.ok(signal(identity, "SIGKILL"));
  await once(child, "exit");
  assert.ok(!isAlive(identity));
  assert.ok(!signal(identity, "SIGTERM"));
});

test("another process with the same number is not meant", () => {
  assert.ok(isAlive(identityOf(process.pid) ?? { pid: 0, startTime: "" }));
  assert.ok(!isAlive({ pid: process.pid, startTime: "1" }));
  assert.ok(!signal({ pid: process.pid, startTime: "1" }, "SIGKILL"));
});

test("a process that was halted is alive, and halted until it goes on", async () => {
  const child = spawn("sleep", ["60"]);
  const identity = identityOf(child.pid ?? 0);
  assert.ok(identity && !isHalted(identity));
  signal(identity, "SIGSTOP");
  while (!isHalted(identity)) await sleep(5);
  assert.ok(isAlive(identity));
  signal(identity, "SIGCONT");
  while (isHalted(identity)) await sleep(5);
  signal(identity, "SIGKILL");
  await once(child, "exit");
  assert.ok(!isHalted(identity));
});
