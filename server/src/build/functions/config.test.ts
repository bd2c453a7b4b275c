import assert from "node:assert/strict";
import { test } from "node:test";
import { bundleConfig, type Settings } from "./config.ts";

const settings = (more: Partial<Settings>): Settings => ({ entry: "index.js", style: "", compatibilityDate: "2026-11-01", compatibilityFlags: [], ...more });
const flags = (more: Partial<Settings>): string[] =>
  JSON.parse(/^const compatibilityFlags :List\(Text\) = (.*);$/m.exec(bundleConfig(settings(more), ["function.mjs"]))?.[1] ?? "null");

test("a function has Node's modules whatever its date, and no flag that workerd would complain of", () => {
  assert.deepEqual(flags({}), []);
  assert.deepEqual(flags({ compatibilityFlags: ["nodejs_compat", "other"] }), ["other"]);
  assert.deepEqual(flags({ compatibilityDate: "2026-01-01" }), ["nodejs_compat"]);
  assert.deepEqual(flags({ compatibilityDate: "2026-01-01", compatibilityFlags: ["nodejs_compat", "other"] }), ["nodejs_compat", "other"]);
  assert.ok(flags({ compatibilityDate: "2024-01-01" }).includes("enable_nodejs_http_server_modules"));
});

test("the bundle is the main module, and what lies beside it has its kind", () => {
  const text = bundleConfig(settings({}), ["b.wasm", "function.mjs", "a.bin", "a.css"]);
  const modules = [...text.matchAll(/\(name = "([^"]+)", (\w+) = embed/g)].map(([, name, kind]) => `${name} ${kind}`);
  assert.deepEqual(modules, ["function esModule", "a.bin data", "b.wasm wasm"]);
});

test("only a function with a schedule has a second socket", () => {
  const sockets = (more: Partial<Settings>) =>
    [...bundleConfig(settings(more), []).matchAll(/^ {2}\(name = "(\w+)", (?:address|http)/gm)].map(([, name]) => name);
  assert.deepEqual(sockets({}), ["http"]);
  assert.deepEqual(sockets({ scheduledPort: 65_401 }), ["http", "scheduled"]);
});
