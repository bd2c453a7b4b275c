import assert from "node:assert/strict";
import { test } from "node:test";
import { passedTrailers, trailersOf } from "./trailers.ts";

test("fields are passed on by their names in lower case, in their order", () => {
  const lines = "Grpc-Status: 0\r\ngrpc-message:\r\nX-Two: a \r\nx-two:b\r\n";
  assert.deepEqual(trailersOf(lines), [
    ["grpc-status", "0"],
    ["grpc-message", ""],
    ["x-two", "a"],
    ["x-two", "b"],
  ]);
  assert.equal(passedTrailers(lines), "grpc-status: 0\r\ngrpc-message: \r\nx-two: a\r\nx-two: b\r\n");
});

test("what belongs into a head is not passed on", () => {
  for (const name of ["Content-Length", "transfer-encoding", "Set-Cookie", "Host", "location", "slip-deployment", "X-Forwarded-For", "connection"])
    assert.deepEqual(trailersOf(`${name}: 1\r\nx-sum: 7\r\n`), [["x-sum", "7"]], name);
});

test("lines that are no fields let none through", () => {
  for (const lines of ["x-sum 7\r\n", "x-a: 1\r\n folded\r\n", "x sum: 7\r\n", ": 7\r\n", "x-a: 1"]) assert.deepEqual(trailersOf(lines), [], lines);
  assert.deepEqual(trailersOf(""), []);
});
