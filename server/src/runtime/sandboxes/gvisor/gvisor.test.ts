import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { execOrThrow } from "#platform/exec.ts";
import { writeBeginner } from "./gvisor.ts";

test("what conmon asks to be created is begun as well, and every other word stays whole", async () => {
  const folder = mkdtempSync(join(tmpdir(), "slip-beginner-"));
  try {
    const asked = ["--root=/a b", "create", "--bundle", "/b\n*", "--pid-file", "$HOME", "ins_create"];
    const said = await execOrThrow([writeBeginner(folder), "printf", "<%s>", ...asked]);
    assert.equal(said, "<--root=/a b><run><--detach><--bundle></b\n*><--pid-file><$HOME><ins_create>");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
