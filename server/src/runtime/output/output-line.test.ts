import assert from "node:assert/strict";
import { test } from "node:test";
import { LineJoiner, parseOutput } from "./output-line.ts";

test("a record of conmon is read", () =>
  assert.deepEqual(parseOutput("2026-11-20T23:30:00.123456789+01:00 stderr F  two  blanks"), {
    time: "2026-11-20T22:30:00.123Z",
    stream: "stderr",
    partial: false,
    text: " two  blanks",
  }));

test("what is no record is not", () => {
  for (const text of ["", "hello", "yesterday stdout F x", "2026-11-20T23:30:00Z stdlog F x"]) assert.equal(parseOutput(text), undefined, text);
});

test("parts of a line are joined by stream and cut at the limit", () => {
  const joiner = new LineJoiner(6);
  const time = "2026-11-20T22:30:00.000Z";
  assert.equal(joiner.add({ time, stream: "stdout", partial: true, text: "abcd" }), undefined);
  assert.equal(joiner.add({ time, stream: "stderr", partial: false, text: "other" })?.text, "other");
  assert.equal(joiner.add({ time, stream: "stdout", partial: true, text: "efgh" }), undefined);
  assert.equal(joiner.add({ time, stream: "stdout", partial: false, text: "ij" })?.text, "abcdef");
  assert.equal(joiner.add({ time, stream: "stdout", partial: false, text: "next\r" })?.text, "next");
  joiner.add({ time, stream: "stderr", partial: true, text: "last" });
  assert.deepEqual(joiner.end(), [{ time, stream: "stderr", text: "last" }]);
  assert.deepEqual(joiner.end(), []);
});
