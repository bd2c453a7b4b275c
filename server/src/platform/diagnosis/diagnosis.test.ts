import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose } from "./diagnosis.ts";
import type { During } from "./sign.ts";

const around = (during: During) => ({ app: "shop", during, memoryBytes: 512 * 2 ** 20, variables: ["PRESENT_KEY"], port: 3_000 });

interface Case {
  what: string;
  during: During;
  lines: readonly string[];
  cause?: string;
  action?: string;
  code?: string;
  at?: { file: string; line?: number };
}

const nodeDump = (head: string, error: readonly string[]): string[] => [head, "  some text of the source", "  ^", ...error, "Node.js v26.10.0"];

const cases: readonly Case[] = [
  {
    what: "SQLite in a folder of the app, from Node",
    during: "run",
    lines: nodeDump("/app/db.js:1", ["SqliteError: unable to open database file", "    at a (/app/index.js:1:44) {", "  code: 'SQLITE_CANTOPEN'", "}"]),
    at: { file: "db.js", line: 1 },
    cause: "The program opens a database of SQLite in a folder that it may not write to: only /tmp can be written.",
  },
  {
    what: "SQLite in a folder of the app, from Python",
    during: "run",
    lines: ["Traceback (most recent call last):", "sqlite3.OperationalError: unable to open database file"],
    cause: "The program opens a database of SQLite in a folder that it may not write to: only /tmp can be written.",
  },
  // install
  {
    what: "psycopg2, which is compiled",
    during: "install",
    lines: ["      Error: pg_config executable not found."],
    cause: "The package psycopg2 is compiled, which needs PostgreSQL's own files.",
    action: "Ask for psycopg2-binary in place of psycopg2, then deploy again.",
  },
  {
    what: "mysqlclient, which is compiled",
    during: "install",
    lines: ["      Exception: Can not find valid pkg-config name."],
    cause: "A package is compiled against a library that the sandbox does not have.",
  },
  {
    what: "a lock file that does not fit",
    during: "install",
    lines: ["npm error code EUSAGE", "npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync."],
    cause: "package-lock.json does not fit what the project asks for.",
    action: "Run 'npm install' on your machine, commit package-lock.json, then deploy again.",
  },
  {
    what: "the same in pnpm",
    during: "install",
    lines: ["ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with frozen-lockfile"],
    cause: "pnpm-lock.yaml does not fit what the project asks for.",
  },
  {
    what: "a package that is not there",
    during: "install",
    lines: ["npm error code E404", "npm error 404  The requested resource 'no-such@1' could not be found"],
    cause: "The registry has no no-such, or not to be seen without a token.",
  },
  {
    what: "a distribution that is not there",
    during: "install",
    lines: ["ERROR: No matching distribution found for nope==1"],
    cause: "The registry has no nope, or not to be seen without a token.",
  },
  {
    what: "a distribution whose versions need another Python",
    during: "install",
    lines: [
      "ERROR: Ignored the following versions that require a different python version: 6.0 Requires-Python >=3.12; 6.1 Requires-Python >=3.12",
      "ERROR: Could not find a version that satisfies the requirement Django<6.2,>=6.1 (from versions: 1.1.3, 5.2.19)",
      "ERROR: No matching distribution found for Django<6.2,>=6.1",
    ],
    cause: "The versions of Django that would do need another Python than this machine's release has: >=3.12.",
  },
  {
    what: "a package of the same workspace, asked of npm",
    during: "install",
    lines: ["npm error code EUNSUPPORTEDPROTOCOL", 'npm error Unsupported URL Type "workspace:": workspace:*'],
    cause: 'npm knows no "workspace:" in package.json: pnpm, yarn and bun do, and nothing says which of them installs here.',
    action: "Add the lock file of the one that you use to the source (look whether .gitignore leaves it out), then deploy again.",
  },
  ...[
    '\u2009ERR_PNPM_WORKSPACE_PKG_NOT_FOUND\u2009 In : "@shop/lib@workspace:*" is in the dependencies but no package named "@shop/lib" is present in the workspace',
    'error: Workspace dependency "@shop/lib" not found',
    "YN0001: Error: @shop/lib@workspace:*: Workspace not found (@shop/lib@workspace:*)",
    "cause: `@shop/lib` references a workspace in `tool.uv.sources` (e.g., `lib = { workspace = true }`), but is not a workspace member",
  ].map((line) => ({
    what: `a package that no workspace has: ${line.slice(0, 40)}`,
    during: "install" as const,
    lines: [line],
    cause: "No package of the workspace is called @shop/lib, or the workspace does not have the folder that was deployed.",
  })),
  {
    what: "a folder of Python beside the one that was deployed",
    during: "install",
    lines: ["cause: cannot normalize a relative path beyond the base directory: /app/../../packages/lib"],
    cause: "The package asks for the folder ../../packages/lib, which is not part of what was deployed.",
  },
  {
    what: "a version that is not there",
    during: "install",
    lines: ["npm error code ETARGET", "npm error notarget No matching version found for @angular/build@^20.3.43."],
    cause: "The registry has no version @angular/build@^20.3.43.",
  },
  {
    what: "a name that is not resolved",
    during: "install",
    lines: ["npm error errno ENOTFOUND getaddrinfo ENOTFOUND registry.example"],
    cause: "The host name registry.example could not be resolved.",
  },
  {
    what: "a package of Node's that has no binary for this version",
    during: "install",
    lines: ["npm error gyp ERR! find Python You need to install the latest version of Python."],
    cause: "A package has to be compiled, and the sandbox has no compiler.",
    action: "Use a version of the package that brings a prebuilt binary.",
  },
  {
    what: "a package of Python's that has no binary",
    during: "install",
    lines: ["error: command 'gcc' failed: No such file or directory"],
    cause: "A package has to be compiled, and the sandbox has no compiler.",
  },
  { what: "a warning about engines beside another failure", during: "install", lines: ["npm warn EBADENGINE Unsupported engine {", "npm error code E500"] },
  // build
  {
    what: "a name in the dump of an error",
    during: "build",
    lines: ["[Error: getaddrinfo EAI_AGAIN fonts.example] {"],
    cause: "The host name fonts.example could not be resolved.",
  },
  {
    what: "a full heap",
    during: "build",
    lines: ["FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"],
    cause: "Node's heap was full.",
    code: "build_out_of_memory",
    action: 'Set [build] memory = "1GB" in slip.toml, or let it need less.',
  },
  {
    what: "a full heap of a function",
    during: "run",
    lines: ["workerd/jsg/setup.c++:44: fatal: V8 fatal error; location = Reached heap limit; message = : allocation failed: JavaScript heap out of memory"],
    cause: "The function's heap was full.",
    code: "out_of_memory",
    action: 'Set [run] memory = "1GB" in slip.toml, or let it need less.',
  },
  {
    what: "a module of Node's that a function does not have",
    during: "run",
    lines: ['service function: Uncaught Error: No such module "node:os".', '  imported from "function"'],
    cause: "workerd has no node:os at the function's compatibility_date.",
    action: 'Set [function] compatibility_date in slip.toml to a later day, such as "2026-11-01".',
  },
  {
    what: "a function that throws while it is loaded",
    during: "run",
    lines: ["service function: Uncaught TypeError: Cannot read properties of undefined (reading 'c')", "  at function:3:5"],
    cause: "The function cannot be loaded: TypeError.",
  },
  {
    what: "a flag that workerd does not know",
    during: "run",
    lines: ["service function: No such compatibility flag: nonsense_flag"],
    cause: "workerd knows no flag nonsense_flag.",
    action: "Remove nonsense_flag from compatibility_flags, then deploy again.",
  },
  { what: "a missing command", during: "build", lines: ["sh: 1: tsc: not found"], cause: "The command tsc is not there." },
  { what: "a missing script", during: "build", lines: ['npm error Missing script: "bundle"'], cause: "package.json has no script bundle." },
  {
    what: "a flag that npm does not know",
    during: "build",
    lines: ["npm run lint", "npm error code EUNKNOWNCONFIG", "npm error Unknown cli flag:", "npm error   - --pretty", "npm error Run `npm help config`"],
    cause: "A script gives npm the flag --pretty, which npm 12 refuses and npm 11 ignored.",
  },
  { what: "a missing module", during: "build", lines: ["Error: Cannot find module 'left-pad'"], cause: "The package left-pad is not installed." },
  {
    what: "a missing Python module",
    during: "build",
    lines: ["ModuleNotFoundError: No module named 'yaml'"],
    cause: "The module yaml is not installed, and no file of the source.",
  },
  {
    what: "a full /tmp",
    during: "build",
    lines: ["dd: error writing '/tmp/x': No space left on device"],
    cause: "/tmp of the build is full: it holds 512 MB, in memory.",
  },
  {
    what: "a place of TypeScript",
    during: "build",
    lines: ["src/a.ts(12,5): error TS2304: Cannot find name 'x'."],
    cause: "The compiler refuses the source (TS2304).",
    at: { file: "src/a.ts", line: 12 },
  },
  { what: "a place of a Next build", during: "build", lines: ["./src/pages/[id].tsx:3:7", "Type error: x"], at: { file: "src/pages/[id].tsx", line: 3 } },
  {
    what: "a place of Vite",
    during: "build",
    lines: ['Could not resolve "./nope.js" from "src/m.js"'],
    cause: "The file ./nope.js that is imported is not there.",
    at: { file: "src/m.js" },
  },
  { what: "no place in what others wrote", during: "build", lines: ["    at x (file:///app/node_modules/rollup/dist/a.js:355:41)"] },
  { what: "nothing that is known", during: "build", lines: ["something else"] },
  // run
  {
    what: "a package that was not installed",
    during: "run",
    lines: nodeDump("node:internal/modules/cjs/loader:1386", [
      "Error: Cannot find module '@scope/a/b'",
      "Require stack:",
      "- /app/server.js",
      "    at Object.<anonymous> (/app/server.js:4:13)",
    ]),
    cause: "The package @scope/a is not installed.",
    action: "Run 'npm install @scope/a', commit package.json and the lock file, then deploy again.",
    at: { file: "server.js", line: 4 },
  },
  {
    what: "a package that an ES module imports",
    during: "run",
    lines: nodeDump("node:internal/modules/package_json_reader:314", [
      "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'express' imported from /app/src/main.mjs",
    ]),
    cause: "The package express is not installed.",
    at: { file: "src/main.mjs" },
  },
  {
    what: "a start file that is not there",
    during: "run",
    lines: nodeDump("node:internal/modules/cjs/loader:1386", ["Error: Cannot find module '/app/dist/server.js'", "  requireStack: []"]),
    cause: "There is no file dist/server.js in the artifact.",
  },
  {
    what: "a port that is opened twice",
    during: "run",
    lines: nodeDump("node:events:497", ["Error: listen EADDRINUSE: address already in use 0.0.0.0:3000", "    at x (/app/server.js:7:3)"]),
    cause: "The program opens port 3000 twice: nothing but itself is in its sandbox.",
    at: { file: "server.js", line: 7 },
  },
  {
    what: "a file that may not be written",
    during: "run",
    lines: nodeDump("node:fs:573", ["Error: EROFS: read-only file system, open '/app/data.json'", "    at Object.<anonymous> (/app/server.js:2:4)"]),
    cause: "The program writes to /app/data.json, and the files of an app are read-only: only /tmp can be written.",
    at: { file: "server.js", line: 2 },
  },
  {
    what: "a file of the app by a relative path",
    during: "run",
    lines: nodeDump("node:fs:3020", ["Error: EACCES: permission denied, open 'visits.json'", "    at Object.<anonymous> (/app/server.js:3:4)"]),
    cause: "The program writes to visits.json, and the files of an app are read-only: only /tmp can be written.",
    at: { file: "server.js", line: 3 },
  },
  {
    what: "a file that others have in /tmp",
    during: "run",
    lines: nodeDump("node:fs:3020", ["Error: EACCES: permission denied, open '/tmp/x'", "    at Object.<anonymous> (/app/server.js:3:4)"]),
    cause: "An error that nothing caught ended the program: Error.",
    at: { file: "server.js", line: 3 },
  },
  {
    what: "a variable of a Node program",
    during: "run",
    lines: nodeDump("/app/server.js:3", ["Error: DATABASE_URL is not set", "    at Object.<anonymous> (/app/server.js:3:9)"]),
    cause: "The variable DATABASE_URL is not set.",
    action: "Run 'slip secrets set shop DATABASE_URL --stage', which asks for the value, then deploy again.",
    at: { file: "server.js", line: 3 },
  },
  {
    what: "a variable that is said and no more",
    during: "run",
    lines: ["Missing required environment variable: GREETING"],
    cause: "The variable GREETING is not set.",
    action: "Run 'slip env set shop GREETING --stage', which asks for the value, then deploy again.",
  },
  {
    what: "a variable of Prisma",
    during: "run",
    lines: ["error: Environment variable not found: DATABASE_URL."],
    cause: "The variable DATABASE_URL is not set.",
  },
  {
    what: "a variable of Python",
    during: "run",
    lines: [
      "Traceback (most recent call last):",
      '  File "/app/app.py", line 5, in <module>',
      '    key = os.environ["SIGNING"]',
      '  File "<frozen os>", line 685, in __getitem__',
      "KeyError: 'SIGNING'",
    ],
    cause: "The variable SIGNING is not set.",
    at: { file: "app.py", line: 5 },
  },
  {
    what: "a variable of Django",
    during: "run",
    lines: [
      "Traceback (most recent call last):",
      '  File "/app/shop/settings.py", line 9, in <module>',
      "django.core.exceptions.ImproperlyConfigured: Set the SECRET_KEY environment variable",
    ],
    cause: "The variable SECRET_KEY is not set.",
    at: { file: "shop/settings.py", line: 9 },
  },
  {
    what: "a variable in a schema",
    during: "run",
    lines: ["[", "  {", '    "path": [', '      "API_TOKEN"', "    ],", '    "message": "Required"', "  }", "]"],
    cause: "The variable API_TOKEN is not set.",
  },
  {
    what: "a traceback before what a server of workers says",
    during: "run",
    lines: [
      "[1] [INFO] Booting worker with pid: 7",
      "Traceback (most recent call last):",
      '  File "/app/.venv/lib/python3.11/site-packages/gunicorn/util.py", line 371, in import_app',
      '  File "/app/app.py", line 2, in <module>',
      "ModuleNotFoundError: No module named 'shop.models'",
      "[7] [INFO] Worker exiting (pid: 7)",
      "[1] [ERROR] Reason: Worker failed to boot.",
    ],
    cause: "The module shop.models is not installed, and no file of the source.",
    at: { file: "app.py", line: 2 },
  },
  {
    what: "a syntax error of Python",
    during: "run",
    lines: ['  File "/app/app.py", line 3', "    x = (", "        ^", "SyntaxError: '(' was never closed"],
    cause: "The program cannot be read: SyntaxError.",
    at: { file: "app.py", line: 3 },
  },
  {
    what: "a server that is not in the sandbox",
    during: "run",
    lines: ["Error: connect ECONNREFUSED 127.0.0.1:5432"],
    cause: "The program connects to port 5432 of its own sandbox, where nothing listens: every app has a network of its own.",
  },
  {
    what: "a certificate of one's own",
    during: "run",
    lines: nodeDump("node:internal/process/promises:394", [
      "TypeError: fetch failed",
      "  [cause]: Error: self-signed certificate",
      "    code: 'DEPTH_ZERO_SELF_SIGNED_CERT'",
      "    at x (/app/server.js:9:1)",
    ]),
    cause: "The certificate of a server was not accepted: no authority that the program knows has signed it.",
    action: `Add the authority's certificate to the source, for example as ca.pem, and set [run.env] NODE_EXTRA_CA_CERTS = "/app/ca.pem" in slip.toml.`,
    at: { file: "server.js", line: 9 },
  },
  {
    what: "an uncaught error",
    during: "run",
    lines: nodeDump("/app/server.js:12", ["TypeError: x is not a function", "    at y (/app/server.js:12:3)"]),
    cause: "An error that nothing caught ended the program: TypeError.",
    at: { file: "server.js", line: 12 },
  },
  // what is no sign
  {
    what: "a word of an error in an ordinary line",
    during: "run",
    lines: [
      "ENOMEM and ENOSPC are handled, EADDRINUSE is not",
      "out of memory handler installed",
      "JavaScript heap out of memory is fatal",
      "PermissionError, KeyError and SyntaxError are reported",
    ],
  },
  {
    what: "an error that the program prints itself",
    during: "run",
    lines: [
      "Failed to start: Error: REDIS_URL environment variable is required",
      "    at main (/app/server.js:1:69)",
      ...Array.from({ length: 20 }, () => "    at Module._load (node:internal/modules/cjs/loader:1470:12)"),
    ],
    cause: "The variable REDIS_URL is not set.",
    at: { file: "server.js", line: 1 },
  },
  {
    what: "a variable after a word of the program",
    during: "run",
    lines: ["Config error: missing API_BASE_URL"],
    cause: "The variable API_BASE_URL is not set.",
  },
  {
    what: "the errors of fields",
    during: "run",
    lines: ["Invalid environment variables: { DATABASE_URL: [ 'Required' ] }"],
    cause: "The variable DATABASE_URL is not set.",
  },
  {
    what: "a folder that cannot be made",
    during: "run",
    lines: nodeDump("node:fs:1756", ["Error: ENOENT: no such file or directory, mkdir '/app/uploads'", "    at Object.<anonymous> (/app/server.js:1:27)"]),
    cause: "The program writes to /app/uploads, and the files of an app are read-only: only /tmp can be written.",
    at: { file: "server.js", line: 1 },
  },
  {
    what: "a key of an ordinary dictionary",
    during: "run",
    lines: ["Traceback (most recent call last):", '  File "/app/app.py", line 5, in <module>', '    row["USER_NAME"]', "KeyError: 'USER_NAME'"],
    cause: "An error that nothing caught ended the program: KeyError.",
    at: { file: "app.py", line: 5 },
  },
  {
    what: "a library of the system",
    during: "run",
    lines: [
      "Traceback (most recent call last):",
      '  File "/app/app.py", line 1, in <module>',
      "ImportError: libGL.so.1: cannot open shared object file: No such file or directory",
    ],
    cause: "The library libGL.so.1 of the system is not in the sandbox.",
    at: { file: "app.py", line: 1 },
  },
  {
    what: "an app that was not built",
    during: "run",
    lines: ["Error: Could not find a production build in the '.next' directory. Try building your app"],
    cause: "The app was not built: there is no .next.",
  },
  { what: "an option that Node does not know", during: "run", lines: ["node: bad option: --nope"], cause: "Node does not know the option --nope." },
  { what: "a variable that is set", during: "run", lines: ["PRESENT_KEY is not set"] },
  { what: "a variable that has a default", during: "run", lines: ["LOG_LEVEL is not set, using the default info", "Error: something else"] },
  { what: "a word in capitals", during: "run", lines: ["HTTP is required", "GET / 200"] },
  {
    what: "an error that was told of long before the end",
    during: "run",
    lines: [...nodeDump("/app/job.js:1", ["Error: DATABASE_URL is not set"]), ...Array.from({ length: 30 }, (_, n) => `request ${n}`)],
  },
  { what: "a name that is no name of a package", during: "run", lines: ["Error: Cannot find module '$(reboot)'"] },
];

for (const { what, during, lines, cause, action, code, at } of cases)
  test(`${cause === undefined && at === undefined ? "nothing is concluded from" : "understood:"} ${what} (${during})`, () => {
    const found = diagnose(lines, around(during));
    assert.equal(found.cause, cause);
    assert.deepEqual(found.place, at);
    assert.equal(found.code, code ?? (cause === "Node's heap was full." ? "out_of_memory" : undefined));
    if (action !== undefined) assert.equal(found.actions?.[0], action);
    assert.equal(found.cause === undefined, found.actions === undefined);
  });

test("what a stranger wrote comes into commands as plain names alone", () => {
  const evil = ["x'; reboot #", "`reboot`", "a b", "$HOME", 'a"b', "a\nb"];
  for (const name of evil)
    for (const line of [
      `Error: Cannot find module '${name}'`,
      `sh: 1: ${name}: not found`,
      `npm error Missing script: "${name}"`,
      `Error: ${name}_KEY is not set`,
    ])
      for (const during of ["install", "build", "run"] as const)
        for (const action of diagnose([line], around(during)).actions ?? []) assert.doesNotMatch(action, /reboot|`|\$HOME/, action);
});

test("long lines of a stranger take no time", () => {
  const before = process.cpuUsage();
  const long = [
    "a.".repeat(8_000),
    "'".repeat(16_000),
    `code E404 ${"x".repeat(16_000)}`,
    "at ".repeat(5_000),
    "/app/".repeat(3_000),
    "A_".repeat(8_000),
    "Error: ".repeat(2_000),
    "os.environ[".repeat(1_000),
  ];
  for (const during of ["install", "build", "run"] as const) diagnose([...long, ...long, ...long], around(during));
  const { user } = process.cpuUsage(before);
  assert.ok(user < 500_000, `${user} µs`);
});

test("lines that take long to be looked at give no diagnosis, rather than to wait for it", () => {
  const known = "Error: getaddrinfo ENOTFOUND db.example.com";
  assert.ok(diagnose([known], around("install")).cause);
  const slow = Array.from({ length: 60 }, () => "ERR_PNPM_FETCH_404 /a".repeat(95));
  assert.deepEqual(diagnose([...slow, known], around("install")), {});
});

test("a package that the registry lacks may be a folder of the repository that was left out", () => {
  const { actions } = diagnose(["npm error code E404", "npm error 404  The requested resource '@shop/lib@*' could not be found"], around("install"));
  assert.match(actions?.[1] ?? "", /^Where @shop\/lib is a folder of the same repository, name both folders at the top of the repository/);
});
