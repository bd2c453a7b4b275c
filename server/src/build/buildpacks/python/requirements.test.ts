import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

const files = {
  "app/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
  "requirements/base.txt": "fastapi\nuvicorn[standard]\n",
  "requirements/production.txt": "-r base.txt\n",
  "requirements/dev.txt": "-r base.txt\npytest\n",
};
const install = (more: Record<string, string> = {}) => planOf(memoryTree({ ...files, ...more }), {}).install;

test("of requirements in a folder those of a release are installed, with what they name", () => {
  assert.deepEqual(install()?.command.slice(-2), ["-r", "requirements/production.txt"], "uvicorn is asked for in base.txt");
  assert.deepEqual(install()?.inputs, ["requirements/base.txt", "requirements/production.txt", "requirements/dev.txt"]);
});

test("a file at the top stands over them", () => {
  assert.equal(install({ "requirements.txt": "-r requirements/base.txt\n" })?.name, "pip install -r requirements.txt");
  assert.equal(install({ "pyproject.toml": '[project]\ndependencies = ["fastapi"]\n' })?.name, "pip install");
  assert.equal(install({ "pyproject.toml": "[tool.ruff]\n" })?.name, "pip install -r requirements/production.txt");
});
