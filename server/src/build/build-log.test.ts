import assert from "node:assert/strict";
import { test } from "node:test";
import { evidenceOf } from "./build-log.ts";

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
