import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

type Files = Record<string, string>;
const server = 'const http = require("http");\nhttp.createServer((q, r) => r.end("hi")).listen(process.env.PORT);\n';
const typed = 'import { createServer } from "node:http";\ncreateServer().listen(3000);\n';
const express = '// const pg = require("pg");\nconst express = require("express");\nimport x from "@scope/name/deep";\nexpress().listen(3000);\n';
const script = 'import { draw } from "./draw.js";\ndocument.addEventListener("click", () => listen());\nfunction listen() {}\n';

const commandOf = (files: Files): unknown => planOf(memoryTree(files), {}).process.command;

const starts: readonly [string, Files, unknown][] = [
  ["server.js", { "server.js": server, "README.md": "" }, ["node", "server.js"]],
  ["app.js, beside a module that opens nothing", { "app.js": server, "index.js": "exports.x = 1;" }, ["node", "app.js"]],
  ["index.ts", { "index.ts": typed }, ["node", "index.ts"]],
  ["main.mjs", { "main.mjs": typed }, ["node", "main.mjs"]],
  ["the only server by another name", { "hello.js": server, "data.js": "" }, ["node", "hello.js"]],
  ["a server beside the page that it serves", { "server.js": server, "index.html": "" }, ["node", "server.js"]],
  ["a server for Bun", { "index.ts": "Bun.serve({ fetch: () => new Response() })" }, ["bun", "index.ts"]],
  ["a Python app with a server beside", { "app.py": "print(1)", "server.js": server }, ["python3", "app.py"]],
];
for (const [what, files, command] of starts) test(`without package.json is started: ${what}`, () => assert.deepEqual(commandOf(files), command));

test("a site stays one beside its scripts, and beside a server whose packages are missing", () => {
  for (const [name, text] of [["app.js", script] as const, ["server.js", express] as const])
    assert.equal(planOf(memoryTree({ "index.html": "", [name]: text }), {}).buildpack, "static");
});

test("a server that imports packages without package.json is refused with their names", () => {
  const refused = (error: unknown): boolean => {
    assert.ok(error instanceof SlipError);
    assert.deepEqual([error.code, error.details.file], ["no_buildpack", "server.js"]);
    assert.match(error.nextActions.join("\n"), /npm install express @scope\/name'/);
    return true;
  };
  assert.throws(() => planOf(memoryTree({ "server.js": express }), {}), refused);
});

test("what opens no port, or is Deno's, is no server of Node's", () => {
  for (const text of ["console.log(1)", 'import x from "jsr:@std/x";\nDeno.serve(() => x);'])
    assert.throws(() => planOf(memoryTree({ "main.ts": text }), {}), { code: "no_buildpack" });
});
