import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree } from "../../testing/memory-tree.ts";
import { editableInputs } from "./editable.ts";

const build = (backend: string): string => `[build-system]\nrequires = []\nbuild-backend = "${backend}"\n`;
const project = (more = "", backend = "hatchling.build"): string => `[project]\nname = "my-lib"\nversion = "1"\n${more}\n${build(backend)}`;
const inputs = (text: string, files: Record<string, string> = {}) =>
  editableInputs(memoryTree({ "pyproject.toml": "[project]\n", "lib/pyproject.toml": text, "lib/my_lib/__init__.py": "", "lib/my_lib/db.py": "", ...files }));
const few = ["pyproject.toml", "lib/pyproject.toml", "lib/my_lib/__init__.py"];

test("an install reads names and first files of packages that stay where they are", () => {
  assert.deepEqual(inputs(project()), few);
  assert.deepEqual(inputs(project("", "uv_build")), few);
  assert.deepEqual(inputs(project('readme = "README.md"'), { "lib/README.md": "" }), [...few, "lib/README.md"]);
  assert.deepEqual(inputs(project(), { "lib/my_lib.py": "" }), [...few, "lib/my_lib.py"]);
  assert.deepEqual(inputs(`${project()}[tool.hatch.build.targets.wheel]\npackages = ["my_lib"]\n`), few);
});

const wholes: readonly [string, string, Record<string, string>?][] = [
  ["a version that is in a file", project('dynamic = ["version"]')],
  ["another backend", project("", "setuptools.build_meta")],
  ["a hook", `${project()}[tool.hatch.build.hooks.custom]\n`],
  ["a readme of another name", project('readme = "docs/index.md"')],
  ["a list of files", `${project()}[tool.hatch.build.targets.wheel]\ninclude = ["my_lib/*.py"]\n`],
  ["a package without a first file", `${project()}[tool.hatch.build.targets.wheel]\npackages = ["other"]\n`],
  ["a folder that is copied, by the lock file,", project(), { "uv.lock": '[[package]]\nname = "my-lib"\nsource = { directory = "lib" }\n' }],
  ["a folder that is copied, without a lock file,", `${project()}[tool.uv.sources]\nother = { path = "../other" }\n`],
  ["a setup.py beside", project(), { "native/setup.py": "" }],
];
for (const [what, text, files] of wholes) test(`${what} may ask for any file`, () => assert.equal(inputs(text, files), "all"));
