// Functions as they are built: by the real bundler, in a plain chroot in place of the runtime's sandbox.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import type { BuildResult } from "@slipstream/contract/ports/host.ts";
import { openImage } from "#platform/oci/image.ts";
import { buildFixture, type Files, testUser } from "../testing/build-fixture.ts";
import { chrootRunner } from "../testing/chroot-runner.ts";

const skip = process.getuid?.() !== 0 && "needs root for overlays and chroot";

const fixture = buildFixture(chrootRunner(testUser));
beforeEach(() => {
  fixture.lines.length = 0;
});
after(() => fixture[Symbol.dispose]());

const build = async (files: Files): Promise<BuildResult> => await fixture.build(await fixture.store(files));

interface Built {
  artifact: string;
  layers: readonly string[];
  names: string[];
  text: (name: string) => string;
}

const built = async (files: Files): Promise<Built> => {
  const result = await build(files);
  assert.equal(result.outcome, "built", JSON.stringify(result));
  const { artifact } = result as BuildResult & { outcome: "built" };
  const { layers } = await openImage(fixture.home, artifact);
  const app = join(layers.at(-1) ?? "", "app");
  return { artifact, layers, names: readdirSync(app).sort(), text: (name) => readFileSync(join(app, name), "utf8") };
};

const failure = async (files: Files) => {
  const result = await build(files);
  assert.equal(result.outcome, "failed", JSON.stringify(result));
  return (result as BuildResult & { outcome: "failed" }).failure;
};

const hello = { "index.ts": "export default { fetch: (): Response => new Response('hi') };\n", "README.md": "no part of it" };

test("a function is a bundle and what workerd is told of it, over a layer with workerd and no Node", { skip }, async () => {
  const { layers, names, text } = await built(hello);
  assert.deepEqual(names, ["bundle.capnp", "bundle.json", "function.mjs"]);
  assert.match(text("bundle.capnp"), /^ {2}\(name = "function", esModule = embed "function\.mjs"\),$/m);
  const programs = layers.map((layer) => join(layer, "usr/local/bin")).flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  assert.deepEqual(programs, ["workerd"]);
});

test("the same source is the same artifact", { skip }, async () => {
  const [one, other] = [await built(hello), await built(hello)];
  assert.equal(one.artifact, other.artifact);
});

test("what a function imports is in its bundle: TypeScript, JSX, JSON, text, and compiled modules beside it", { skip }, async () => {
  const { names, text } = await built({
    "package.json": '{ "type": "module" }',
    "src/index.tsx": `
      import { readFileSync } from "fs";
      import page from "./page.html";
      import { version } from "./data.json";
      import { part } from "./part.ts";
      import add from "./add.wasm?module";
      const h = (tag: string) => tag;
      /** @jsx h */
      const element = <mark />;
      export default { fetch: () => new Response([page, version, part, element, add, readFileSync].join()) };`,
    "src/page.html": "<p>the page</p>",
    "src/data.json": '{ "version": "4.5.6" }',
    "src/part.ts": 'import value = require("./old.cjs");\nexport const part: number = value.length;',
    "src/old.cjs": 'const { join } = require("path");\nmodule.exports = join("a", "b");',
    "src/add.wasm": "not looked into",
  });
  const code = text("function.mjs");
  for (const sign of ["<p>the page</p>", "4.5.6", 'h("mark"', 'from "node:fs"', 'from "node:path"']) assert.ok(code.includes(sign), sign);
  assert.doesNotMatch(code, /: string|Dynamic require/);
  const compiled = names.find((name) => name.endsWith(".wasm")) ?? "";
  assert.ok(code.includes(`from "./${compiled}"`), code);
  assert.match(text("bundle.capnp"), new RegExp(`\\(name = "${compiled}", wasm = embed "${compiled}"\\)`));
});

test("JSX is what tsconfig.json says", { skip }, async () => {
  const { text } = await built({
    "package.json": '{ "main": "src/index.tsx" }',
    "tsconfig.json": '{ "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "hono/jsx" } }',
    "src/index.tsx": "export default { fetch: () => new Response(<b>it</b>) };",
    "node_modules/hono/jsx/jsx-runtime.js": "export const jsx = () => 'the runtime that was named';",
  });
  assert.match(text("function.mjs"), /the runtime that was named/);
});

test("a package's build for workers stands over that for browsers and for Node", { skip }, async () => {
  const exports = { workerd: "./workerd.js", browser: "./browser.js", node: "./node.js", default: "./other.js" };
  const files = Object.fromEntries(Object.values(exports).map((path) => [`node_modules/x/${path.slice(2)}`, `export default "this is ${path}";`]));
  const { text } = await built({
    "index.js": 'import x from "x";\nexport default { fetch: () => new Response(x) };',
    "node_modules/x/package.json": JSON.stringify({ name: "x", exports }),
    ...files,
  });
  assert.match(text("function.mjs"), /this is \.\/workerd\.js/);
});

test("a build script runs first, and may make the entry", { skip }, async () => {
  const { text } = await built({
    "package.json": '{ "scripts": { "build": "mkdir -p dist && cp source.txt dist/worker.js" } }',
    "slip.toml": "",
    "wrangler.toml": 'main = "dist/worker.js"\ncompatibility_date = "2024-01-02"\n',
    "source.txt": "export default { fetch: () => new Response('made by the script') };",
  });
  assert.match(text("function.mjs"), /made by the script/);
  const config = text("bundle.capnp");
  assert.match(config, /compatibilityDate :Text = "2024-01-02"/);
  assert.match(config, /"nodejs_compat"/);
});

test("an error of the bundler has the file and the line", { skip }, async () => {
  const syntax = await failure({ "index.js": 'import "./lib/a.ts";\nexport default { fetch() {} };', "lib/a.ts": "export const a = 1;\nexport const b = ;\n" });
  assert.deepEqual([syntax.code, syntax.file, syntax.line], ["build_failed", "lib/a.ts", 2]);
  assert.ok(
    syntax.evidence?.some((line) => line.includes('Unexpected ";"')),
    JSON.stringify(syntax.evidence),
  );
  const missing = await failure({ "index.js": '\nimport a from "not-there";\nexport default { fetch: () => a };' });
  assert.deepEqual([missing.file, missing.line], ["index.js", 2]);
});

test("a module without a default export is named, and nothing of the platform's", { skip }, async () => {
  const { code, file, evidence } = await failure({ "wrangler.toml": 'main = "src/w.js"', "src/w.js": "export const fetch = () => {};" });
  assert.deepEqual([code, file], ["build_failed", "src/w.js"]);
  assert.ok(
    evidence?.some((line) => line.includes('No matching export in "src/w.js" for import "default"')),
    JSON.stringify(evidence),
  );
  assert.ok(!evidence?.some((line) => line.includes("adapter")));
});

test("the log says what of a wrangler file is not honoured", { skip }, async () => {
  await built({ "wrangler.toml": 'main = "index.ts"\n[[r2_buckets]]\nbinding = "B"\n', ...hello });
  assert.ok(fixture.lines.some(({ text }) => text === "wrangler.toml: not honoured here: r2_buckets"));
});
