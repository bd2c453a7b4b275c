import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

const metadata = (dependencies: string): string =>
  `#!/usr/bin/env -S uv run\n# /// script\n# requires-python = ">=3.9"\n#\n# dependencies = ${dependencies}\n# ///\n`;
const plan = (files: Record<string, string>): BuildPlan => planOf(memoryTree(files), {});
const words = ({ install }: BuildPlan): string[] => [...(install?.command ?? [])].slice(4);

test("a script has what its own metadata asks for, and starts by its name", () => {
  const found = plan({ "shop.py": `${metadata('[\n#   "bottle>=0.13",\n# ]')}import bottle\n` });
  assert.deepEqual(
    [found.process.command, words(found), found.runtime],
    [["python3", "shop.py"], ["--", "bottle>=0.13"], [{ name: "python", version: ">=3.9" }]],
  );
});

test("an app in it is served, with the server that it lacks", () => {
  const found = plan({ "main.py": `${metadata('["flask"]')}from flask import Flask\napp = Flask(__name__)\n` });
  assert.deepEqual(words(found), ["--", "flask", "gunicorn"]);
});

test("where its packages come from is read by uv, from the script", () => {
  const sources = '# /// script\n# dependencies = ["flask", "lib"]\n# [tool.uv.sources]\n# lib = { git = "https://example.org/lib" }\n# ///\n';
  const found = plan({ "main.py": `${sources}from flask import Flask\napp = Flask(__name__)\n` });
  assert.deepEqual([found.install?.name, words(found)], ["uv sync --script main.py", ["main.py", "gunicorn"]]);
  assert.deepEqual(
    found.tools.map(({ name }) => name),
    ["python", "git"],
  );
});

test("the files of a project stand over it", () => {
  assert.deepEqual(words(plan({ "main.py": metadata('["bottle"]'), "requirements.txt": "flask\n" })), ["-r", "requirements.txt"]);
  assert.deepEqual(words(plan({ "main.py": metadata('["bottle"]'), "pyproject.toml": '[project]\ndependencies = ["flask"]\n' })), ["--", "flask"]);
});

test("metadata that is not TOML is told with the script's name", () =>
  assert.throws(() => plan({ "main.py": metadata("[") }), { code: "build_failed", details: { file: "main.py", next: "Correct main.py." } }));
