import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cleanEnv } from "./exec.ts";

const script = `import { logOf } from ${JSON.stringify(join(import.meta.dirname, "log.ts"))};
const log = logOf("trial");
log.info("first"); setTimeout(() => { log.info("second"); setTimeout(() => process.exit(7), 20); }, 20);`;

/** Runs a program that writes two lines; its standard error goes to `path`. */
const run = async (path: string): Promise<number> => {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], { env: cleanEnv, stdio: ["ignore", "ignore", openSync(path, "w")] });
  const [code] = await once(child, "exit");
  return Number(code);
};

test("a full disk takes the lines of a process, and not the process", async () => assert.equal(await run("/dev/full"), 7));
