import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { assignmentsOf, valuesOf } from "./variables.ts";

describe("variables as a user writes them", () => {
  it("reads NAME=VALUE, NAME=@FILE and NAME", () => {
    assert.deepEqual(assignmentsOf(["A=1=2", "B=", "C=@a b", "D"]), [
      { name: "A", from: "text", value: "1=2" },
      { name: "B", from: "text", value: "" },
      { name: "C", from: "file", path: "a b" },
      { name: "D", from: "input" },
    ]);
  });

  for (const words of [["1A=x"], ["A-B=x"], ["=x"], [""], ["A", "B"], ["A=1", "A=2"], ["$(x)=1"]])
    it(`refuses ${JSON.stringify(words)}`, () => assert.throws(() => assignmentsOf(words), { code: "usage" }));

  it("takes a file as it is, and says which cannot be read or is too large", async () => {
    const folder = mkdtempSync(join(tmpdir(), "slip-values-"));
    try {
      writeFileSync(join(folder, "key"), "line\n");
      writeFileSync(join(folder, "large"), "x".repeat(65_537));
      assert.deepEqual(await valuesOf([`KEY=@${folder}/key`, "A=b"]), { KEY: "line\n", A: "b" });
      await assert.rejects(valuesOf([`KEY=@${folder}/none`]), { code: "usage" });
      await assert.rejects(valuesOf([`KEY=@${folder}/large`]), { code: "too_large" });
      for (const bytes of [
        [0x61, 0, 0x62],
        [0x61, 0xff],
      ]) {
        writeFileSync(join(folder, "binary"), Uint8Array.from(bytes));
        await assert.rejects(valuesOf([`KEY=@${folder}/binary`]), { code: "usage", message: "The value of KEY is not text in UTF-8." });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
