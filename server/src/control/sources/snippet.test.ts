import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlipError } from "@slipstream/contract/errors.ts";
import { limit } from "@slipstream/contract/limits.ts";
import { languageOf, snippetFiles } from "./snippet.ts";

const samples: readonly [string, string | undefined][] = [
  ["<!doctype html>\n<h1>Hello</h1>", "html"],
  ["\n  <div>\n<script>const a = 1;</script>", "html"],
  ['require("node:http").createServer((_, answer) => answer.end("hi")).listen(process.env.PORT);', "node"],
  ['import http from "node:http";\nhttp.createServer(answer).listen(3000)\n', "node"],
  ['// a server\nconst { createServer } = await import("node:http");\ncreateServer().listen(process.env.PORT);', "node"],
  ["export default {\n  fetch(request) {\n    return new Response('hi');\n  },\n};\n", "node"],
  ["import os\nfrom http.server import HTTPServer\nHTTPServer(('', int(os.environ['PORT'])), H).serve_forever()", "python"],
  ["from flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef home():\n    return {'a': 1}\n", "python"],
  ["class A:\n    def b(self):\n        if self:\n            pass\n", "python"],
  ["hello", undefined],
];

for (const [code, language] of samples)
  test(`${JSON.stringify(code.slice(0, 40))} is ${language ?? "nothing that can be told"}`, () => assert.equal(languageOf(code), language));

const paths = (of: Parameters<typeof snippetFiles>[0]): string[] => snippetFiles(of).map(({ path }) => path);

test("a snippet becomes the files that its buildpack looks for", () => {
  assert.deepEqual(paths({ code: "x", language: "html" }), ["index.html"]);
  assert.deepEqual(paths({ code: "x", language: "python" }), ["main.py"]);
  assert.deepEqual(paths({ code: "x", language: "node" }), ["server.js", "package.json"]);
});

test("code that exports its default may be a function, which is looked for under another name than a server", () => {
  const name = (code: string): string | undefined => paths({ code, language: "node" })[0];
  assert.equal(name("export default { fetch: () => new Response('hi') };"), "index.js");
  assert.equal(name("const app = { fetch() {} };\nexport { app as default };"), "index.js");
  assert.equal(name("module.exports = (req, res) => res.end();"), "index.js");
  assert.equal(name("export const a = 1;\ncreateServer().listen(1);"), "server.js");
});

test("a module is said to be one, and what may be either is left to Node", () => {
  const typeOf = (code: string): unknown => JSON.parse(snippetFiles({ code, language: "node" })[1]?.text ?? "").type;
  assert.equal(typeOf('import http from "node:http";'), "module");
  assert.equal(typeOf("export const a = 1;"), "module");
  assert.equal(typeOf('const http = require("node:http");'), undefined);
  assert.equal(typeOf('const text = `\nimport a from "b"`; require("b");'), undefined);
});

test("what nobody can tell, and what is too large, is refused", () => {
  assert.throws(
    () => snippetFiles({ code: "hello" }),
    (error) => (error as SlipError).code === "invalid_input",
  );
  assert.throws(
    () => snippetFiles({ code: "x".repeat(limit("snippetBytes") + 1), language: "html" }),
    (error) => (error as SlipError).code === "too_large",
  );
});
