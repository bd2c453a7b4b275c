import assert from "node:assert/strict";
import { test } from "node:test";
import { FunctionBundle } from "@slipstream/contract/ports/function-bundle.ts";
import { bundleConfig, bundleDescription, type Settings } from "./config.ts";

const settings = (more: Partial<Settings>): Settings => ({
  entry: "index.js",
  style: "",
  compatibilityDate: "2026-11-01",
  compatibilityFlags: [],
  process: "shared",
  ...more,
});
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

test("what Worker Loader is told is what workerd is", () => {
  const told = bundleDescription(settings({ compatibilityDate: "2026-01-01", process: "own" }), ["b.wasm", "function.mjs", "a.bin", "a.css"]);
  assert.deepEqual(FunctionBundle.parse(told), {
    compatibilityDate: "2026-01-01",
    compatibilityFlags: ["nodejs_compat"],
    modules: [
      { name: "function", kind: "esModule", file: "function.mjs" },
      { name: "a.bin", kind: "data", file: "a.bin" },
      { name: "b.wasm", kind: "wasm", file: "b.wasm" },
    ],
    process: "own",
  });
});

test("only a function with a schedule has a second socket", () => {
  const sockets = (more: Partial<Settings>) =>
    [...bundleConfig(settings(more), []).matchAll(/^ {2}\(name = "(\w+)", (?:address|http)/gm)].map(([, name]) => name);
  assert.deepEqual(sockets({}), ["http"]);
  assert.deepEqual(sockets({ scheduledPort: 65_401 }), ["http", "scheduled"]);
});
