import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { homeAt } from "./home.ts";
import { lockSupervisor } from "./lock.ts";

let root = "";
before(() => {
  root = mkdtempSync(join(tmpdir(), "slip-lock-"));
});
after(() => rmSync(root, { recursive: true }));

test("one holds the lock; it is free again when its holder is killed", async () => {
  const script = `const { homeAt } = await import("#platform/home.ts"); const { lockSupervisor } = await import(${JSON.stringify(join(import.meta.dirname, "lock.ts"))});
    console.log((await lockSupervisor(homeAt(${JSON.stringify(root)}))) ? "mine" : "taken"); setInterval(() => {}, 1_000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(holder.stdout, "data")) as [Buffer];
  assert.equal(said.toString(), "mine\n");
  assert.equal(await lockSupervisor(homeAt(root)), undefined);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const lock = await lockSupervisor(homeAt(root));
  assert.ok(lock);
  lock.close();
});
