import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose } from "./diagnosis.ts";

test("the end of a long list of what a lock file lacks says what is wrong", () => {
  const lines = ["npm error Missing: sass@1.90.0 from lock file", "npm error Missing: ms@ from lock file", "npm error Clean install a project"];
  const { cause } = diagnose(lines, { app: "shop", during: "install", memoryBytes: 2 ** 29, variables: [] });
  assert.equal(cause, "package-lock.json does not fit what the project asks for.");
});
