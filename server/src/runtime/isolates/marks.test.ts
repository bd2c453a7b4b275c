import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutputLine } from "../output/output-line.ts";
import { endedMark, isFatal, isOfAnEnd, Marks, newMark } from "./marks.ts";

const [one, two] = [newMark(), newMark()];
const known = new Set([one, two]);
const names = new Map([
  [one, "one"],
  [two, "two"],
]);

const taken = (...lines: readonly (string | [OutputLine["stream"], string])[]): string[] => {
  const marks = new Marks();
  return lines.map((line) => {
    const [stream, text] = typeof line === "string" ? (["stdout", line] as const) : line;
    const found = marks.take({ time: "", stream, text }, (mark) => known.has(mark));
    return found ? `${names.get(found.mark)}: ${found.line.text}` : `workerd: ${text}`;
  });
};

test("what a function says is its own, in one line or in several, and without the marks", () => {
  assert.deepEqual(taken(`${one} hello ${one}`, `${two} first`, "second", `third ${two}`, "of workerd"), [
    "one: hello",
    "two: first",
    "two: second",
    "two: third",
    "workerd: of workerd",
  ]);
  assert.deepEqual(taken(`${one} ${one}`, `${one}  ${one}`, `${one} a ${two} b ${one}`), ["one: ", "one: ", `one: a ${two} b`]);
});

test("a function that pretends to have finished, or to be workerd, is taken at no word of it", () => {
  const guess = newMark();
  assert.deepEqual(taken(`${one} text ${guess}`, `${guess} forged ${guess}`, `end ${one}`), [
    `one: text ${guess}`,
    `one: ${guess} forged ${guess}`,
    "one: end",
  ]);
});

test("a thing said whose end was cut off ends where the next begins, and each stream is by itself", () => {
  assert.deepEqual(taken(`${one} cut`, `${two} next ${two}`, "of workerd"), ["one: cut", "two: next", "workerd: of workerd"]);
  assert.deepEqual(taken(`${one} first`, ["stderr", `${two} error ${two}`], ["stderr", "of workerd"], `second ${one}`), [
    "one: first",
    "two: error",
    "workerd: of workerd",
    "one: second",
  ]);
});

test("only the router's own line says that a function has ended itself", () => {
  assert.equal(endedMark(`${one}!ended`), one);
  for (const text of [`${one} !ended ${one}`, `${one}!ended `, `x${one}!ended`, "!ended", one]) assert.equal(endedMark(text), undefined, text);
});

test("workerd's last words are for all, if nothing in them can be a function's", () => {
  assert.ok(
    isFatal("workerd/jsg/setup.c++:44: fatal: V8 fatal error; location = Reached heap limit; message = : allocation failed: JavaScript heap out of memory"),
  );
  for (const text of ["workerd/jsg/setup.c++:44: fatal: V8 fatal error; location = <secret>; message = x", "workerd/a.c++:1: error: e = x", "a secret"])
    assert.ok(!isFatal(text), text);
});

test("what workerd says when a function is ended is nothing to tell", () => {
  assert.ok(isOfAnEnd("workerd/io/io-context.c++:654: error: e = workerd/io/io-context.c++:1927: failed: script terminated for unknown reasons"));
  assert.ok(isOfAnEnd("stack: /usr/local/bin/workerd@3ca2536; sentryErrorContext = jsgInternalError"));
  assert.ok(!isOfAnEnd("workerd/jsg/util.c++:320: error: e = rust/worker/ffi.rs:104: failed: connecting to 127.0.0.1:1 is not allowed"));
});
