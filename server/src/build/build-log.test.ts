import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { limit } from "@slipstream/contract/limits.ts";
import type { LogLine } from "@slipstream/contract/logs.ts";
import { buildLogOf, evidenceOf } from "./build-log.ts";

const reason = ["npm error code EUSAGE", "npm error Missing: is-odd@3.0.1 from lock file", "npm error Clean install a project"];
const usage = [
  "npm error Usage:",
  "npm error npm ci",
  ...Array.from({ length: 200 }, (_, index) => `npm error   --option-${index}`),
  'npm error Run "npm help ci" for more info',
];

test("the evidence of a failed npm is its reason, not how it is used", () => {
  assert.deepEqual(evidenceOf([...reason, "npm error", ...usage, "npm error A log"]), [...reason, "npm error A log"]);
});

test("other programs keep their last lines as they are", () => {
  const lines = Array.from({ length: 30 }, (_, index) => `Usage: ${index}`);
  assert.deepEqual(evidenceOf(lines), lines.slice(-20));
  assert.deepEqual(evidenceOf([...lines, "npm error Usage:"]), [...lines, "npm error Usage:"].slice(-20));
});

test("what is noticed of a source is told once each, bounded, and without secrets", () => {
  const logs = { append: () => {}, flush: () => Promise.resolve(), follow: () => {}, removeApp: () => Promise.resolve() };
  const log = buildLogOf(logs, { tenant: "ten", project: "pro", app: "app", deployment: "dep", commit: "", instance: "" }, ["hunter2-hunter2"]);
  for (let number = 0; number < 100; number += 1) log.notice(`file ${number % 50} ${"x".repeat(1_000)}`);
  assert.deepEqual(
    log.notices().map(({ length }) => length),
    Array.from({ length: 20 }, () => 500),
  );
  const other = buildLogOf(logs, { tenant: "ten", project: "pro", app: "app", deployment: "dep", commit: "", instance: "" }, ["hunter2-hunter2"]);
  other.note("no notice");
  for (const text of ["file hunter2-hunter2", "file hunter2-hunter2"]) other.notice(text);
  assert.equal(other.notices().length, 1);
  assert.doesNotMatch(other.notices()[0] ?? "", /hunter2/);
});

test("a flood of lines is cut to what a second takes and the loss is told, while the last lines stay evidence", async () => {
  const lines: LogLine[] = [];
  const logs = { append: (line: LogLine) => void lines.push(line), flush: () => Promise.resolve(), follow: () => {}, removeApp: () => Promise.resolve() };
  const log = buildLogOf(logs, { tenant: "ten", project: "pro", app: "app", deployment: "dep", commit: "", instance: "" }, []);
  const count = limit("logLinesPerSecond") * 4;
  for (let number = 1; number <= count; number += 1) log.write("stdout", `line ${number}`);
  assert.equal(log.last().at(-1), `line ${count}`);
  await pause(1_200);
  const kept = lines.filter(({ source }) => source === "build").length;
  assert.ok(kept >= limit("logLinesPerSecond") && kept <= 2 * limit("logLinesPerSecond"), `${kept} lines`);
  const dropped = lines.flatMap(({ source, text }) => (source === "platform" ? [Number(/^(\d+) lines were dropped/.exec(text)?.[1])] : []));
  assert.equal(
    dropped.reduce((sum, each) => sum + each, 0),
    count - kept,
  );
});
