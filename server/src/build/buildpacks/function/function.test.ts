import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { scheduledPort } from "@slipstream/contract/ports/scheduled.ts";
import type { Settings } from "../../functions/config.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";
import { defaultCompatibilityDate, newestCompatibilityDate, withTriggers } from "./function.ts";

type Files = Record<string, string>;

const pack = (file: object): string => JSON.stringify(file);
const settings = (plan: BuildPlan): Settings => JSON.parse(plan.bundle?.command[2] ?? "null");
/** The buildpack and, of a function, its entry. */
const found = (files: Files, config: AppConfig = {}): string => {
  const plan = planOf(memoryTree(files), config);
  return plan.buildpack === "function" ? `function ${settings(plan).entry}` : plan.buildpack;
};

const fetchObject = "export default { fetch() { return new Response('hi'); } };\n";

const functions: readonly [what: string, files: Files, entry: string][] = [
  ["an object with fetch()", { "index.js": fetchObject }, "index.js"],
  [
    "an object with an async fetch() in TypeScript",
    {
      "src/index.ts":
        "export default {\n  async fetch(request: Request, env: Env): Promise<Response> {\n    return new Response();\n  },\n} satisfies ExportedHandler<Env>;\n",
    },
    "src/index.ts",
  ],
  [
    "an object with other handlers before",
    { "worker.mjs": "export default { scheduled(event) { ({ fetch }) }, fetch: (request) => new Response() };" },
    "worker.mjs",
  ],
  ["an object that names a fetch of its own", { "index.ts": "const fetch = () => new Response();\nexport default { fetch };" }, "index.ts"],
  [
    "an object with a name and a type",
    { "index.ts": "const handler: ExportedHandler<Env> = {\n  fetch: () => new Response(),\n};\n\nexport default handler;\n" },
    "index.ts",
  ],
  ["an object that is renamed to the default", { "index.js": "const app = { fetch() {} };\nexport { other, app as default };\nconst other = 1;" }, "index.js"],
  ["a class with fetch()", { "index.js": "export default class Main {\n  a = 1;\n  b() {}\n  async fetch(request) {}\n}" }, "index.js"],
  [
    "a class of workerd's",
    { "index.ts": 'import { WorkerEntrypoint } from "cloudflare:workers";\nexport default class extends WorkerEntrypoint<Env> { fetch() {} }' },
    "index.ts",
  ],
  [
    "a router of Hono's",
    {
      "src/index.tsx": 'import { Hono } from "hono";\nconst app = new Hono<{ Bindings: Env }>();\napp.get("/", (c) => c.text("hi"));\nexport default app;\n',
      "package.json": pack({ dependencies: { hono: "4" } }),
    },
    "src/index.tsx",
  ],
  [
    "a router of itty's",
    { "index.js": "import { AutoRouter } from 'itty-router'\nconst router = AutoRouter()\nrouter.get('/', () => 'hi')\nexport default router\n" },
    "index.js",
  ],
  [
    "a router that another file makes",
    {
      "src/index.ts": 'import app from "./app";\n\nexport default app;\n',
      "src/app.ts": 'import { Hono } from "hono";\nconst app = new Hono();\nexport default app;\n',
    },
    "src/index.ts",
  ],
  [
    "a router that another file makes by a name",
    {
      "src/index.ts": 'import { other, app as api } from "./app.js";\nexport default api;\n',
      "src/app.ts": `import { Hono } from "hono";\nexport const app = new Hono();`,
    },
    "src/index.ts",
  ],
  ["an object that another file exports", { "index.js": 'export { default } from "./lib/main.js";\n', "lib/main.js": fetchObject }, "index.js"],
  [
    "a name that another file exports",
    { "index.js": 'export { app as default } from "./app";\n', "app.mjs": "export const app = { fetch() {} };" },
    "index.js",
  ],
  [
    "a router that is spread",
    { "index.js": 'import { AutoRouter } from "itty-router";\nconst router = AutoRouter();\nexport default { ...router };' },
    "index.js",
  ],
  ["a handler of Node's", { "index.js": "export default function handler(req, res) { res.end('hi'); }" }, "index.js"],
  [
    "a handler of Node's as an arrow with types",
    { "function.ts": "export default async (request: IncomingMessage, response: ServerResponse): Promise<void> => {\n  response.end();\n};" },
    "function.ts",
  ],
  ["a handler of Node's with a name", { "index.mjs": "const handler = (_req, res) => res.end();\nexport default handler" }, "index.mjs"],
  ["a handler of CommonJS", { "index.js": "'use strict';\nmodule.exports = (req, res) => { res.end(); };" }, "index.js"],
  ["what package.json calls main", { "package.json": pack({ main: "./lib/hello.js" }), "lib/hello.js": fetchObject }, "lib/hello.js"],
  [
    "a package with a build script of its own",
    { "package.json": pack({ scripts: { build: "node generate.js" } }), "index.js": fetchObject, "generate.js": "" },
    "index.js",
  ],
  [
    "comments and strings that speak of servers",
    {
      "index.js": `// app.listen(3000)\n/* createServer() */\nconst help = "call server.listen(80)";\nconst more = \`or \${help} Deno.serve()\`;\nconst pattern = /listen\\(/;\n${fetchObject}`,
    },
    "index.js",
  ],
  [
    "strings with quotes and slashes",
    { "index.js": `const a = "it's // not"; const b = 'a "quoted" /*';\nconst c = 4 / 2 / 1; const d = \`\${{ a: "}" }.a}\`;\n${fetchObject}` },
    "index.js",
  ],
  ["imports of the tree that open no port", { "index.js": `import { a } from "./lib/a";\n${fetchObject}`, "lib/a.ts": "export const a = 1;" }, "index.js"],
  ["tests beside it that open a port", { "index.js": fetchObject, "index.test.js": "createServer(handler).listen(0);" }, "index.js"],
];

for (const [what, files, entry] of functions) test(`${what}: a function`, () => assert.equal(found(files), `function ${entry}`));

const server = 'import { createServer } from "node:http";\ncreateServer((req, res) => res.end()).listen(3000);\n';
const others: readonly [what: string, files: Files, buildpack: string][] = [
  ["a server", { "package.json": "{}", "index.js": server }, "node"],
  ["a server that exports its handler", { "package.json": "{}", "index.js": `${server}export default (req, res) => res.end();` }, "node"],
  [
    "a server that exports an app with fetch()",
    {
      "package.json": "{}",
      "index.js": 'import { serve } from "@hono/node-server";\nimport { Hono } from "hono";\nconst app = new Hono();\nserve(app);\nexport default app;',
    },
    "node",
  ],
  [
    "a server that starts in what it imports",
    {
      "package.json": "{}",
      "index.js": `import { start } from "./lib/start.js";\nconst app = { fetch() {} };\nstart(app);\nexport default app;`,
      "lib/start.ts": "export const start = (app) => Bun.serve(app);",
    },
    "node",
  ],
  [
    "a server beside its handler",
    { "package.json": "{}", "server.js": `import handler from "./index.js";\n${server}`, "index.js": "export default (req, res) => res.end();" },
    "node",
  ],
  [
    "a server whose listen() is hidden in a string",
    { "package.json": "{}", "index.js": 'const app = make();\napp["listen"](3000);\nexport default { fetch: app };' },
    "node",
  ],
  [
    "a program that runs when it is not imported",
    { "package.json": "{}", "index.js": "module.exports = (req, res) => res.end();\nif (require.main === module) start();" },
    "node",
  ],
  [
    "a name that another file has for something else",
    {
      "package.json": "{}",
      "index.js": 'import { app } from "./app.js";\nexport default app;',
      "app.js": "export const app = { run() {} };\nexport default { fetch() {} };",
    },
    "node",
  ],
  [
    "files that import one another",
    { "package.json": "{}", "index.js": 'export { default } from "./a.js";', "a.js": 'export { default } from "./index.js";' },
    "node",
  ],
  ["a start script", { "package.json": pack({ scripts: { start: "node index.js" } }), "index.js": fetchObject }, "node"],
  ["a Procfile", { "package.json": "{}", Procfile: "web: bun index.js\n", "index.js": fetchObject }, "node"],
  [
    "a front-end that has an object with fetch()",
    { "package.json": pack({ scripts: { build: "vite build" }, devDependencies: { vite: "7" } }), "src/index.js": fetchObject },
    "node",
  ],
  ["a site with a script", { "index.html": "", "index.js": fetchObject }, "static"],
  ["an app of Express", { "package.json": "{}", "index.js": 'import express from "express";\nconst app = express();\nexport default app;' }, "node"],
  ["an object without fetch()", { "package.json": "{}", "index.js": "export default { name: 'x', run: { fetch() {} } };" }, "node"],
  ["an object that holds a fetch under another name", { "package.json": "{}", "index.js": "export default { client: fetch, other: 1 };" }, "node"],
  ["a named export alone", { "package.json": "{}", "index.js": "export const handler = { fetch() {} };" }, "node"],
  ["a function of other parameters", { "package.json": "{}", "index.js": "export default (a, b) => a + b;" }, "node"],
  ["a middleware", { "package.json": "{}", "index.js": "export default (req, res, next) => next();" }, "node"],
  ["a default export in a comment", { "package.json": "{}", "index.js": `/*\n${fetchObject}*/\n// ${fetchObject}console.log(1);` }, "node"],
  ["a default export in a string", { "package.json": "{}", "index.js": `const text = \`\n${fetchObject}\`;` }, "node"],
  ["a router of an unknown package", { "package.json": "{}", "index.js": 'import { Hono } from "./mine.js";\nexport default new Hono();' }, "node"],
  ["a Python app with a script", { "requirements.txt": "", "app.py": "", "static/index.js": fetchObject }, "python"],
  ["a Worker of Python", { "wrangler.toml": 'main = "src/entry.py"\n', "requirements.txt": "", "main.py": "" }, "python"],
  ["a wrangler file of a site", { "wrangler.toml": 'pages_build_output_dir = "dist"\n', "index.html": "" }, "static"],
];

for (const [what, files, buildpack] of others) test(`${what}: no function`, () => assert.equal(found(files), buildpack));

test("what slip.toml says stands over the files", () => {
  const files = { "package.json": pack({ scripts: { start: "node server.js" } }), "server.js": server, "lib/f.js": "" };
  assert.equal(found(files), "node");
  assert.equal(found(files, { function: { entry: "lib/f.js" } }), "function lib/f.js");
  assert.equal(found({ "index.ts": "export default make();" }, { build: { buildpack: "function" } }), "function index.ts");
  assert.equal(found({ "package.json": "{}", "index.js": fetchObject }, { build: { buildpack: "node" } }), "node");
  assert.equal(found({ "package.json": "{}", "index.js": fetchObject }, { run: { command: "node index.js" } }), "node");
});

const refused: readonly [what: string, files: Files, config: AppConfig, code: string][] = [
  ["a command to start a function", { "index.js": fetchObject }, { function: {}, run: { command: "node index.js" } }, "invalid_config"],
  ["an output folder of a function", { "index.js": fetchObject }, { function: {}, build: { output: "dist" } }, "invalid_config"],
  ["HTTP/2 to a function", { "index.js": fetchObject }, { function: {}, run: { protocol: "http2" } }, "invalid_config"],
  ["the port of the host's calls", { "index.js": fetchObject }, { function: {}, run: { port: scheduledPort } }, "invalid_config"],
  ["a function without an entry", { "a.js": "" }, { function: {} }, "no_start_command"],
  ["a date that workerd does not know yet", { "index.js": "" }, { function: { compatibility_date: "2099-01-01" } }, "invalid_config"],
  ["a wrangler file that is none", { "wrangler.toml": 'main = "a.js"\nx\n' }, {}, "invalid_config"],
  ["a wrangler file whose date is none", { "wrangler.json": '{ "main": "a.js", "compatibility_date": "soon" }' }, {}, "invalid_config"],
  ["a wrangler file whose main is outside", { "wrangler.json": '{ "main": "../a.js" }' }, {}, "invalid_config"],
];

for (const [what, files, config, code] of refused)
  test(`${what} is ${code}`, () =>
    assert.throws(
      () => planOf(memoryTree(files), config),
      (error) => error instanceof SlipError && error.code === code,
    ));

const wranglers: readonly [file: string, text: string][] = [
  [
    "wrangler.toml",
    'name = "x"\nmain = "./src/w.ts"\ncompatibility_date = "2025-01-02"\ncompatibility_flags = ["nodejs_als", "global_navigator"]\n[vars]\nA = "1"\nB = 2\n[[kv_namespaces]]\nbinding = "KV"\n',
  ],
  [
    "wrangler.jsonc",
    '{\n  // a comment, "quoted"\n  "main": "src/w.ts", /* and another */\n  "compatibility_date": "2025-01-02",\n  "compatibility_flags": ["nodejs_als", "global_navigator"],\n  "vars": { "A": "1", "B": 2, },\n  "kv_namespaces": [{ "binding": "KV" }],\n}\n',
  ],
];

for (const [file, text] of wranglers)
  test(`${file} says how a function runs, and the log what of it is not honoured`, () => {
    const plan = planOf(memoryTree({ [file]: text, "package.json": pack({ scripts: { start: "wrangler dev" } }), "src/w.ts": "" }), {});
    assert.deepEqual(settings(plan), {
      entry: "src/w.ts",
      style: "",
      compatibilityDate: "2025-01-02",
      compatibilityFlags: ["nodejs_als", "global_navigator"],
      process: "shared",
    });
    const { env } = plan.process;
    assert.deepEqual(env, { A: "1" });
    assert.deepEqual(plan.notes, [`${file}: not honoured here: kv_namespaces, vars.B (only text is passed on)`]);
  });

test("the times of a wrangler file are those of the function, where slip.toml says none", () => {
  const files = { "wrangler.toml": 'main = "index.js"\n[triggers]\ncrons = ["*/5 * * * *", "0 0 L * *"]\n', "index.js": "" };
  const tree = memoryTree(files);
  assert.deepEqual(withTriggers(tree, {}), { function: { schedule: ["*/5 * * * *"] } });
  assert.deepEqual(withTriggers(tree, { function: { schedule: [] } }), { function: { schedule: [] } });
  assert.deepEqual(withTriggers(tree, { run: { command: "node index.js" } }), { run: { command: "node index.js" } });
  assert.deepEqual(planOf(tree, {}).notes, ['wrangler.toml: not honoured here: the cron trigger "0 0 L * *"']);
});

test("only a function with a schedule listens for it", () => {
  const tree = memoryTree({ "index.js": fetchObject });
  assert.equal(settings(planOf(tree, {})).scheduledPort, undefined);
  assert.equal(settings(planOf(tree, { function: { schedule: ["* * * * *"] } })).scheduledPort, scheduledPort);
});

test("dependencies are installed as of any package, and only workerd is in the artifact", () => {
  const plan = planOf(
    memoryTree({ "package.json": pack({ dependencies: { hono: "4" }, scripts: { build: "x" } }), "package-lock.json": "{}", "index.js": fetchObject }),
    {},
  );
  assert.equal(plan.install?.name, "npm ci");
  assert.equal(plan.build?.name, "npm run build");
  assert.deepEqual(plan.runtime, [{ name: "workerd", version: "default" }]);
  assert.equal(settings(plan).compatibilityDate, defaultCompatibilityDate);
});

test("a report that nothing is known names a folder below that is a function", () => {
  const next = (files: Files): string | undefined => {
    try {
      return planOf(memoryTree(files), {}).buildpack;
    } catch (error) {
      return error instanceof SlipError ? error.nextActions[0] : undefined;
    }
  };
  const action = "Deploy the folder alone: 'slip deploy SOURCE --subfolder api'.";
  assert.equal(next({ "api/wrangler.toml": 'main = "a.js"', "README.md": "" }), action);
  assert.equal(next({ "api/package.json": "{,}", "README.md": "" }), action);
  assert.equal(next({ "api/index.ts": fetchObject, "README.md": "" }), action);
});

test("the dates are ones that the pinned workerd knows", () => {
  const file: { version: string } = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("workerd/package.json"), "utf8"));
  const [, year, month, day] = /^1\.(\d{4})(\d\d)(\d\d)\./.exec(file.version) ?? [];
  assert.equal(newestCompatibilityDate, `${year}-${month}-${day}`);
  assert.ok(defaultCompatibilityDate <= newestCompatibilityDate);
});
