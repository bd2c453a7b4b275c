import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { patiently } from "./patience.ts";

test("a neighbour that is away is asked again until it answers", async () => {
  let calls = 0;
  const answer = await patiently(undefined, async () => {
    calls += 1;
    if (calls < 3) throw new SlipError("unreachable");
    return "here";
  });
  assert.deepEqual([answer, calls], ["here", 3]);
});

test("another error is not asked again", async () => {
  let calls = 0;
  const call = async (): Promise<never> => {
    calls += 1;
    throw new SlipError("build_failed");
  };
  await assert.rejects(patiently(undefined, call), { code: "build_failed" });
  assert.equal(calls, 1);
});

test("patience ends at once when the deployment is cancelled", async () => {
  const cancel = new AbortController();
  const waiting = patiently(cancel.signal, async () => {
    throw new SlipError("unreachable");
  });
  setTimeout(() => cancel.abort(), 30);
  const began = performance.now();
  await assert.rejects(waiting, { name: "AbortError" });
  assert.ok(performance.now() - began < 1_000);
});
