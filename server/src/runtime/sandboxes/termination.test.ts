import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { catchesTermination, hasTerminationHandler } from "./termination.ts";

test("the bit of SIGTERM is read from the mask of caught signals", () => {
  assert.equal(hasTerminationHandler("Name:\tx\nSigCgt:\t0000000000004000\n"), true);
  assert.equal(hasTerminationHandler("Name:\tx\nSigCgt:\t0000000000002000\n"), false);
  assert.equal(hasTerminationHandler(""), false);
});

test("a process with a handler is told from one without", async () => {
  const script = (handler: string): string => `${handler} echo ready; while :; do sleep 1; done`;
  const children = ["trap : TERM;", ""].map((handler) => spawn("/bin/sh", ["-c", script(handler)], { stdio: ["ignore", "pipe", "ignore"] }));
  try {
    await Promise.all(children.map((child) => once(child.stdout, "data")));
    assert.deepEqual(
      children.map(({ pid }) => catchesTermination(pid ?? 0)),
      [true, false],
    );
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
});
