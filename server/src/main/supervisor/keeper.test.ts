import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "#platform/ports.ts";
import { keeperOf } from "./keeper.ts";
import { PublicSockets } from "./public-sockets.ts";

/** A keeper that becomes a program which says which number it has and what it holds. */
const world = async (context: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), "slip-keeper-"));
  const log = join(folder, "log");
  const httpPort = await freePort();
  const sockets = await PublicSockets.bound({ httpPort, httpsPort: await freePort([httpPort]) });
  const [program, ...args] = keeperOf(["sh", "-c", 'echo $$ "$@"; readlink /proc/$$/fd/3 /proc/$$/fd/4', "sh", "a b", "$HOME"], log);
  const child = spawn(program, args, { detached: true, stdio: ["pipe", "ignore", "ignore", ...sockets.descriptors] });
  context.after(() => {
    child.kill("SIGKILL");
    sockets.close();
    rmSync(folder, { recursive: true });
  });
  return { child, said: () => readFileSync(log, "utf8"), ended: once(child, "exit") };
};

test("when the one that holds its input is gone it becomes another program, which has the sockets", async (context) => {
  const { child, said, ended } = await world(context);
  child.stdin?.destroy();
  assert.deepEqual(await ended, [0, null]);
  assert.match(said(), new RegExp(`^${child.pid} a b \\$HOME\nsocket:\\[\\d+\\]\nsocket:\\[\\d+\\]\n$`));
});

test("it waits as long as it takes, and ends at once when it is asked to, also in the moment before it acts", async (context) => {
  const waiting = await world(context);
  const acting = await world(context);
  acting.child.stdin?.destroy();
  await sleep(500);
  const begun = performance.now();
  for (const { child } of [waiting, acting]) child.kill("SIGTERM");
  await Promise.all([waiting.ended, acting.ended]);
  assert.ok(performance.now() - begun < 1_000);
  for (const { said } of [waiting, acting]) assert.throws(said, /ENOENT/);
});
