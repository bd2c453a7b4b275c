import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inPacks } from "./upload.ts";

test("packs have all contents in their order, and none more bytes or files than it may", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 ** 22 }), { maxLength: 1_500 }), (sizes) => {
      const names = sizes.map((_, index) => `${index}`);
      const packs = inPacks(names, (name) => sizes[Number(name)] ?? 0);
      assert.deepEqual(packs.flat(), names);
      for (const pack of packs) {
        assert.ok(pack.length > 0 && pack.length <= 1_000);
        assert.ok(pack.reduce((sum, name) => sum + (sizes[Number(name)] ?? 0), 0) <= 4 * 2 ** 20);
      }
    }),
  );
});
