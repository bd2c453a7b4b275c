import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { needsRoot } from "../testing/runtime-fixture.ts";
import { Exits } from "./exits.ts";

const untilTold = async (folder: string): Promise<void> => {
  const exits = new Exits(folder);
  try {
    const told = new Promise<void>((resolve) => exits.onExit("one", resolve));
    setTimeout(() => writeFileSync(join(folder, "one"), "0"), 50);
    const timer = setTimeout(() => assert.fail("the exit was not told"), 5_000);
    await told;
    clearTimeout(timer);
  } finally {
    exits.close();
  }
};

const inFolder = async (act: (folder: string) => Promise<void> | void): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "slip-exits-"));
  try {
    await act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

test("an exit is told", () => inFolder(untilTold));

test("an exit is told, later, where the machine has no more watches to give", { skip: needsRoot }, () =>
  inFolder((folder) => {
    const program = `
      const { writeFileSync } = await import("node:fs");
      const { Exits } = await import(${JSON.stringify(join(import.meta.dirname, "exits.ts"))});
      const exits = new Exits(${JSON.stringify(folder)});
      exits.onExit("one", () => { console.log("told"); process.exit(0); });
      setTimeout(() => writeFileSync(${JSON.stringify(join(folder, "one"))}, "0"), 50);
      setTimeout(() => process.exit(1), 5_000);`;
    // A user namespace has a limit of its own, so that nothing is taken from the machine.
    const script = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$0" --input-type=module --eval "$1"';
    const words = ["--user", "--map-root-user", "sh", "-c", script, process.execPath, program];
    assert.equal(execFileSync("unshare", words, { encoding: "utf8" }), "told\n");
  }),
);
