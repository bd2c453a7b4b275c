import assert from "node:assert/strict";
import { test } from "node:test";
import { BodyDecoder, type BodyKind } from "./body.ts";
import { BodyEncoder } from "./body-encoder.ts";

const encode = (kind: BodyKind, wire: Buffer, chunkedOut: boolean): string => {
  const decoder = new BodyDecoder();
  decoder.begin(kind, wire.length);
  decoder.decode(wire, 0, wire.length);
  const out = new BodyEncoder().encode("HEAD\r\n\r\n", wire, decoder, chunkedOut);
  return typeof out === "string" ? out : out.toString("latin1");
};

test("head and body leave as one value; chunks become one chunk, without extensions and trailers", () => {
  assert.equal(encode("length", Buffer.from("hello"), false), "HEAD\r\n\r\nhello");
  assert.equal(
    encode("chunked", Buffer.from("5\r\nhello\r\n6;a=b\r\n world\r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n"), true),
    "HEAD\r\n\r\n15\r\nhello world0123456789\r\n0\r\n\r\n",
  );
  assert.equal(encode("chunked", Buffer.from("5\r\nhel"), true), "HEAD\r\n\r\n3\r\nhel\r\n");
  assert.equal(encode("chunked", Buffer.from("0\r\n\r\n"), true), "HEAD\r\n\r\n0\r\n\r\n");
  assert.equal(encode("close", Buffer.from("abc"), true), "HEAD\r\n\r\n3\r\nabc\r\n");
});

test("every byte survives, in small bodies and in large ones", () => {
  for (const size of [256, 70_000, 300_000]) {
    const wire = Buffer.from(Array.from({ length: size }, (_, index) => index % 256));
    assert.equal(encode("length", wire, false), `HEAD\r\n\r\n${wire.toString("latin1")}`);
    assert.equal(encode("close", wire, true), `HEAD\r\n\r\n${size.toString(16)}\r\n${wire.toString("latin1")}\r\n`);
  }
});

test("a buffer that a socket still holds is not written over", () => {
  const encoder = new BodyEncoder();
  const encodeAll = (wire: Buffer): Buffer => {
    const decoder = new BodyDecoder();
    decoder.begin("close");
    decoder.decode(wire, 0, wire.length);
    return encoder.encode("", wire, decoder, false) as Buffer;
  };
  const held = encodeAll(Buffer.alloc(20_000, "a"));
  encoder.written(held, false);
  const next = encodeAll(Buffer.alloc(20_000, "b"));
  assert.equal(held.toString(), "a".repeat(20_000));
  encoder.written(next, true);
  encodeAll(Buffer.alloc(20_000, "c"));
  assert.equal(next.toString(), "c".repeat(20_000));
});
