import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SlipError } from "./errors.ts";
import { limit } from "./limits.ts";
import { packContents, packedBytes, unpackContents } from "./source-pack.ts";

const contents = fc.array(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)));

test("what is packed is unpacked", () => {
  fc.assert(
    fc.property(contents, (all) => {
      assert.deepEqual(unpackContents(packContents(all)), all);
      assert.equal(
        packContents(all).length,
        all.reduce((sum, content) => sum + packedBytes(content), 0),
      );
    }),
  );
});

test("a pack of more contents than are allowed is refused", () => {
  const empty = Array.from({ length: limit("sourcePackFiles") }, () => Buffer.alloc(0));
  assert.equal(unpackContents(packContents(empty)).length, empty.length);
  assert.throws(() => unpackContents(packContents([...empty, Buffer.alloc(0)])), { code: "too_large" });
});

test("a pack that is cut off anywhere gives no other contents", () => {
  fc.assert(
    fc.property(contents, fc.nat(), (all, cut) => {
      const pack = packContents(all);
      const part = pack.subarray(0, cut % (pack.length + 1));
      try {
        const found = unpackContents(part);
        assert.deepEqual(found, all.slice(0, found.length));
      } catch (error) {
        assert.equal((error as SlipError).code, "invalid_input");
      }
    }),
  );
});
