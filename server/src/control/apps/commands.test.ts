import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { Commands } from "./commands.ts";

const never = new AbortController().signal;
const untilAborted = (signal: AbortSignal): Promise<string> => new Promise((resolve) => signal.addEventListener("abort", () => resolve("ended")));

test("commands end with their caller, and with their app alone", async () => {
  const commands = new Commands();
  const caller = new AbortController();
  const ofCaller = commands.run({ tenant: "ten", appId: "one" }, caller.signal, untilAborted);
  const ofApp = commands.run({ tenant: "ten", appId: "two" }, never, untilAborted);
  const another = new AbortController();
  const ofAnother = commands.run({ tenant: "ten", appId: "three" }, another.signal, async (signal) => {
    commands.end("two");
    return signal.aborted;
  });
  assert.equal(await ofAnother, false);
  assert.equal(await ofApp, "ended");
  caller.abort();
  assert.equal(await ofCaller, "ended");
});

test("a tenant has so many at the same time, and takes none of another's", async () => {
  const commands = new Commands();
  const all = new AbortController();
  const owner = { tenant: "ten", appId: "app" };
  const running = Array.from({ length: limit("runsAtOnce") }, () => commands.run(owner, all.signal, untilAborted));
  await assert.rejects(
    commands.run(owner, never, async () => "run"),
    (error) => (error as SlipError).code === "conflict",
  );
  assert.equal(await commands.run({ tenant: "other", appId: "app" }, never, async () => "run"), "run");
  all.abort();
  await Promise.all(running);
  assert.equal(await commands.run(owner, never, async () => "run"), "run");
});
