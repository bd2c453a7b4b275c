import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

const top = '[project]\nname = "top"\ndependencies = []\n[tool.uv.workspace]\nmembers = ["packages/*"]\n';
const api = { "packages/api/pyproject.toml": '[project]\nname = "api"\n', "packages/api/main.py": "from fastapi import FastAPI\napp = FastAPI()\n" };

test("the top of a workspace of uv starts none of its packages, and names those that start", () =>
  assert.throws(
    () => planOf(memoryTree({ "pyproject.toml": top, "uv.lock": "", ...api, "packages/lib/pyproject.toml": "", "packages/lib/lib.py": "" }), {}),
    (error) => error instanceof SlipError && error.code === "no_start_command" && error.nextActions.filter((each) => /--subfolder/.test(each)).length === 1,
  ));

test("what is at the top itself starts, beside packages", () => {
  const files = { "pyproject.toml": top, "uv.lock": "", "main.py": "print()", ...api };
  assert.deepEqual(planOf(memoryTree(files), {}).process.command, ["python3", "main.py"]);
});
