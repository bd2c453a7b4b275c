import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

const environment =
  "name: web\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - conda-forge::flask>=3\n  - pip\n  - pip:\n    - gunicorn==23\nprefix: /opt\n";
const app = { "app.py": "from flask import Flask\napp = Flask(__name__)\n", "environment.yml": environment };

test("what only conda would install is refused by its names", () =>
  assert.throws(
    () => planOf(memoryTree(app), {}),
    (error) => error instanceof SlipError && error.code === "install_failed" && /has for them: flask, gunicorn\./.test(error.nextActions.join()),
  ));

test("a list for conda beside one for pip is not asked", () =>
  assert.match(planOf(memoryTree({ ...app, "requirements.txt": "flask" }), {}).install?.name ?? "", /requirements\.txt/));
