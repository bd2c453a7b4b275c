import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { OutputTail } from "./output-tail.ts";

const record = (text: string): string => `2026-11-20T22:30:00.000000000+00:00 stdout F ${text}\n`;

const inFolder = (act: (paths: { output: string; place: string }) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), "slip-tail-"));
  try {
    act({ output: join(folder, "output.log"), place: join(folder, "place.json") });
  } finally {
    rmSync(folder, { recursive: true });
  }
};

test("lines are taken as they come, whole, over a rotation", () =>
  inFolder(({ output, place }) => {
    const lines: string[] = [];
    const tail = new OutputTail(output, place, ({ text }) => lines.push(text));
    writeFileSync(output, record("one") + record("two").slice(0, 20));
    tail.read();
    assert.deepEqual(lines, ["one"]);
    appendFileSync(output, record("two").slice(20) + record("three"));
    writeFileSync(`${output}.new`, record("four"));
    renameSync(`${output}.new`, output);
    tail.close(false);
    assert.deepEqual(lines, ["one", "two", "three", "four"]);
  }));

test("the next reader goes on where the last one ended", () =>
  inFolder(({ output, place }) => {
    const lines: string[] = [];
    writeFileSync(output, record("one"));
    new OutputTail(output, place, ({ text }) => lines.push(text)).close(true);
    appendFileSync(output, record("two"));
    new OutputTail(output, place, ({ text }) => lines.push(text)).close(true);
    assert.deepEqual(lines, ["one", "two"]);
  }));

test("a reader that was killed leaves lines to be read again, never lines unread", () =>
  inFolder(({ output, place }) => {
    const lines: string[] = [];
    writeFileSync(output, record("one"));
    new OutputTail(output, place, () => {}).close(false);
    new OutputTail(output, place, ({ text }) => lines.push(text)).close(false);
    assert.deepEqual(lines, ["one"]);
  }));
