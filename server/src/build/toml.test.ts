import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf } from "./buildpacks/list.ts";
import { parseConfig } from "./config/config-file.ts";
import { memoryTree } from "./testing/memory-tree.ts";
import { readToml } from "./toml.ts";

/** Each would give all objects of the process a key, by the library's own values. */
const hostile = [
  "[__proto__]\nx = 1",
  "__proto__.x = 1",
  'a = { "__proto__".x = 1 }',
  '["\\u005f_proto__"]\nx = 1',
  "[[a]]\n[a.__proto__]\nx = 1",
  "[toString.__proto__]\nx = 1",
  "a = [{ __proto__.x = 1 }]",
  "[constructor.prototype]\nx = 1",
];
const keysOfAll = (): string[] => {
  const found: string[] = [];
  for (const key in Object.assign(() => undefined, {})) found.push(key);
  return found;
};

test("no key of a stranger's file becomes one of all objects", () => {
  for (const text of hostile) {
    try {
      readToml(text);
    } catch {}
    assert.deepEqual(keysOfAll(), [], text);
  }
});

test("the line of such a key is told, in each file that is read", () => {
  const text = "\n[__proto__]\nx = 1\n";
  assert.throws(() => parseConfig(text), { code: "invalid_config", message: "slip.toml:2: No key can be __proto__" });
  const python = memoryTree({ "pyproject.toml": text, "main.py": "" });
  assert.throws(() => planOf(python, {}), { code: "build_failed", message: /^pyproject\.toml.*__proto__/ });
  const worker = memoryTree({ "wrangler.toml": `main = "a.js"${text}`, "a.js": "" });
  assert.throws(() => planOf(worker, {}), { code: "invalid_config", message: /^wrangler\.toml.*__proto__/ });
});

test("what looks like it is a key like any other", () => {
  assert.deepEqual(readToml('constructor = "__proto__"\n[run.env]\ntoString = "a"').value, { constructor: "__proto__", run: { env: { toString: "a" } } });
});
