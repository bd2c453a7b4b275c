import assert from "node:assert/strict";
import { test } from "node:test";
import { BodyDecoder, type BodyKind } from "./body.ts";

/** Decodes `wire` given in pieces that end at `cuts`; what is left over after the body is `rest`. */
const decode = (kind: BodyKind, wire: string, options: { length?: number; cuts?: number[] } = {}) => {
  const decoder = new BodyDecoder();
  decoder.begin(kind, options.length);
  const bytes = Buffer.from(wire, "latin1");
  let body = "";
  let start = 0;
  for (const end of [...(options.cuts ?? []), bytes.length]) {
    while (start < end && !decoder.done && !decoder.failed) {
      start = decoder.decode(bytes, start, end);
      for (let at = 0; at < decoder.ranges.length; at += 2) body += bytes.toString("latin1", decoder.ranges[at], decoder.ranges[at + 1]);
    }
  }
  return { body, done: decoder.done, failed: decoder.failed, rest: wire.slice(start) };
};

const chunked = "5\r\nhello\r\n6;a=b\r\n world\r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n";

test("chunks are read whole, whatever the pieces that they come in", () => {
  const wanted = { body: "hello world0123456789", done: true, failed: false, rest: "NEXT" };
  assert.deepEqual(decode("chunked", `${chunked}NEXT`), wanted);
  for (let cut = 1; cut < chunked.length; cut += 1) assert.deepEqual(decode("chunked", `${chunked}NEXT`, { cuts: [cut] }), wanted, `cut at ${cut}`);
  const everywhere = Array.from({ length: chunked.length }, (_, index) => index + 1);
  assert.deepEqual(decode("chunked", `${chunked}NEXT`, { cuts: everywhere }), wanted);
});

test("no proper beginning of a chunked body is a whole one", () => {
  for (let end = 0; end < chunked.length; end += 1) assert.equal(decode("chunked", chunked.slice(0, end)).done, false, `ended at ${end}`);
});

test("a length is exact, and what follows stays", () => {
  assert.deepEqual(decode("length", "helloNEXT", { length: 5 }), { body: "hello", done: true, failed: false, rest: "NEXT" });
  assert.deepEqual(decode("length", "hel", { length: 5 }), { body: "hel", done: false, failed: false, rest: "" });
  assert.equal(decode("length", "", { length: 0 }).done, true);
  assert.equal(decode("none", "x").rest, "x");
});

const malformed: [string, string][] = [
  ["a size without digits", "\r\nhello"],
  ["a sign", "+5\r\nhello\r\n0\r\n\r\n"],
  ["a prefix", "0x5\r\nhello\r\n0\r\n\r\n"],
  ["a space before the size", " 5\r\nhello\r\n0\r\n\r\n"],
  ["a space after the size", "5 \r\nhello\r\n0\r\n\r\n"],
  ["a size ended by LF alone", "5\nhello\r\n0\r\n\r\n"],
  ["a size ended by CR alone", "5\rhello\r\n0\r\n\r\n"],
  ["a size that overflows", "ffffffffffffffff1\r\nhello\r\n0\r\n\r\n"],
  ["a size that is wrong", "4\r\nhello\r\n0\r\n\r\n"],
  ["data ended by LF alone", "5\r\nhello\n0\r\n\r\n"],
  ["an extension with LF in it", "5;a\nb\r\nhello\r\n0\r\n\r\n"],
  ["an extension with NUL in it", "5;a\0b\r\nhello\r\n0\r\n\r\n"],
  ["an extension without an end", `5;${"a".repeat(9_000)}`],
  ["a trailer with LF alone", "0\r\nX: 1\n\r\n"],
  ["trailers without an end", `0\r\n${"X: 1\r\n".repeat(3_000)}`],
  ["another end", "0\r\n\rX"],
];
for (const [name, wire] of malformed) {
  test(`malformed, in one piece and byte by byte: ${name}`, () => {
    assert.equal(decode("chunked", wire).failed, true);
    const everywhere = Array.from({ length: wire.length }, (_, index) => index + 1);
    assert.equal(decode("chunked", wire, { cuts: everywhere }).failed, true);
  });
}
