import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf } from "./buildpacks/list.ts";
import { look } from "./look.ts";
import { memoryTree } from "./testing/memory-tree.ts";

test("files that no buildpack understands in time end the deployment, not the host", () => {
  const hostile = memoryTree({ "index.js": "export{a ".repeat(2 ** 20) });
  assert.throws(() => look(() => planOf(hostile, {}), 100), { code: "build_failed", message: /within 100 ms/ });
  assert.equal(look(() => planOf(memoryTree({ "index.html": "" }), {})).buildpack, "static");
});

test("files in which something is within itself too often end the deployment as the source's failure", () => {
  const depth = 100_000;
  const packages = Array.from({ length: depth }, (_, index) => `[[package]]\nname = "p${index}"\ndependencies = [{ name = "p${index + 1}" }]\n`);
  const chain = {
    "pyproject.toml": '[tool.uv.workspace]\nmembers = ["apps/*"]\n',
    "uv.lock": packages.join(""),
    "apps/web/pyproject.toml": '[project]\nname = "p0"\n',
    "apps/web/main.py": "",
  };
  const nested = { "pyproject.toml": `x = ${"[".repeat(depth)}${"]".repeat(depth)}`, "main.py": "" };
  const failure = { code: "build_failed", message: /nested too deeply/ };
  assert.throws(() => look(() => planOf(memoryTree(chain), { build: { package: "apps/web" } }), 60_000), failure);
  assert.throws(() => look(() => planOf(memoryTree(nested), {}), 60_000), failure);
});
