import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutputLine } from "../output/output-line.ts";
import { Marks, newMark } from "./marks.ts";

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
