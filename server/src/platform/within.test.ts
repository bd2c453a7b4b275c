import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TookTooLong, within } from "./within.ts";

const fails = (): never => {
  throw new RangeError("no");
};
const loops = (): never => {
  for (;;);
};
const backtracks = (): boolean => /export\s*\{[^}]*?\bas default\b/.test("export{a ".repeat(2 ** 20));

test("what is computed is given, and what is thrown is thrown", () => {
  assert.equal(
    within(1_000, () => 1),
    1,
  );
  assert.throws(() => within(1_000, fails), RangeError);
});

test("what takes too long is ended, also in the middle of a pattern, and the next begins anew", () => {
  for (const endless of [loops, backtracks]) assert.throws(() => within(50, endless), TookTooLong);
  assert.equal(
    within(1_000, () => 2),
    2,
  );
});

/** Works so long by its own clock, and says when it begins. */
const worksFor = (ms: number): string => `
  import { writeSync } from "node:fs";
  import { within } from ${JSON.stringify(new URL("./within.ts", import.meta.url).href)};
  const workedMs = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1_000; };
  const work = () => { writeSync(2, "begun"); for (const end = workedMs() + ${ms}; workedMs() < end; ); return "done"; };
  console.log(within(${4 * ms}, work));`;

test("time in which the process stands still does not count", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", worksFor(100)], { stdio: ["ignore", "pipe", "pipe"] });
  const said = text(child.stdout);
  await once(child.stderr, "data");
  child.kill("SIGSTOP");
  await sleep(600);
  child.kill("SIGCONT");
  assert.equal(await said, "done\n");
});
