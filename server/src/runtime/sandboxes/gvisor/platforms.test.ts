import assert from "node:assert/strict";
import { test } from "node:test";
import { platformsIn } from "./platforms.ts";

test("systrap is tried first where runsc knows it", () => {
  assert.deepEqual(platformsIn('specifies which platform to use: systrap (default), ptrace, kvm. (default "systrap")'), ["systrap", "ptrace"]);
  assert.deepEqual(platformsIn('specifies which platform to use: ptrace (default), kvm. (default "ptrace")'), ["ptrace"]);
});
