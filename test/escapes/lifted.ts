// Sets a limit of a platform that runs: in its own copy of the code, which a host process that starts anew reads. Only a test does this.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LimitName } from "@slipstream/contract/limits.ts";
import { Processes } from "../faults/processes.ts";

/** Resolves when the host process goes by the new value. Throws where the platform has no copy of the code to itself. */
export const setLimit = async (home: string, name: LimitName, value: number): Promise<void> => {
  const [copy, ...more] = readdirSync(join(home, "code"));
  assert.ok(copy !== undefined && more.length === 0, "the platform runs from a copy of its own: have SLIP_HOME on the disk of the checkout");
  const path = join(home, "code", copy, "contract/src/limits.ts");
  const text = readFileSync(path, "utf8");
  const entry = new RegExp(`(\\b${name}: \\{\\s*default: )[^,]+,`);
  assert.match(text, entry);
  writeFileSync(path, text.replace(entry, `$1${value},`));
  await new Processes(home).kill("host");
};
