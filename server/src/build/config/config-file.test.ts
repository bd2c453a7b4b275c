import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { memoryTree } from "../testing/memory-tree.ts";
import { configOf, parseConfig } from "./config-file.ts";

const example = readFileSync(join(import.meta.dirname, "../../../../docs/reference/slip.toml"), "utf8");

const mistake = (text: string): { message: string; line: number | undefined; file: string | undefined; evidence: string[] } => {
  try {
    parseConfig(text);
  } catch (error) {
    assert.ok(error instanceof SlipError);
    assert.equal(error.code, "invalid_config");
    return { message: error.message, line: error.details.line, file: error.details.file, evidence: error.details.evidence ?? [] };
  }
  return assert.fail("the text was accepted");
};

/** Every key path of a schema of objects, optional or not. */
const keysOf = (schema: unknown, prefix = ""): string[] => {
  const type = schema as { unwrap?: () => unknown; shape?: Record<string, unknown>; element?: unknown };
  if (type.shape) return Object.entries(type.shape).flatMap(([key, value]) => keysOf(value, prefix === "" ? key : `${prefix}.${key}`));
  if (type.element) return keysOf(type.element, prefix);
  if (typeof type.unwrap === "function") return keysOf(type.unwrap(), prefix);
  return [prefix];
};

const hasKey = (value: unknown, path: string): boolean =>
  path.split(".").reduce<unknown>((at, key) => (Array.isArray(at) ? at[0] : at)?.[key as keyof typeof at], value) !== undefined;

test("the annotated example is accepted, and gives bytes and milliseconds", () => {
  const config = parseConfig(example);
  assert.equal(config.name, "shop");
  assert.equal(config.build?.memory, 2 ** 30);
  assert.equal(config.build?.timeout, 600_000);
  assert.deepEqual(config.build?.command, ["npm", "run", "build"]);
  assert.equal(config.health?.timeout, 2_000);
  assert.deepEqual(config.routes, [{ host: "shop.example.org", path: "/" }]);
});

test("the annotated example shows every key that there is", () => {
  const config = parseConfig(example);
  const keys = keysOf(AppConfig);
  assert.ok(keys.includes("run.release_command"));
  assert.deepEqual(
    keys.filter((key) => !hasKey(config, key)),
    [],
  );
});

test("the tree itself and a folder below its root are outputs, and an app may sleep for longer than a timer waits", () => {
  for (const output of [".", "", "./dist/", "/dist", "a/../dist"]) assert.equal(parseConfig(`[build]\noutput = "${output}"\n`).build?.output, output);
  assert.deepEqual(parseConfig('[sleep]\nafter = "1000h"\nstop = "0s"\n').sleep, { after: 3_600_000_000, stop: 0 });
});

test("an empty file is an empty config", () => assert.deepEqual(parseConfig(""), {}));

const mistakes: readonly [string, string, string][] = [
  ["a value that is none of its kind", '[run]\n\nmemory = "12 parsecs"\n', 'slip.toml:3: run.memory: expected a size such as "512MB"'],
  ["a key that is almost another", '[run]\ncomand = "x"', 'slip.toml:2: run.comand: there is no such key; did you mean "command"?'],
  ["a key that is nothing like another", "\n[run]\nzzzzzzzzzzz = 1", "slip.toml:3: run.zzzzzzzzzzz: there is no such key"],
  ["a key of another section", "memory = 3", "slip.toml:1: memory: there is no such key; it belongs in [build] or [run]"],
  ["a command that is none", "[run]\ncommand = 3", 'slip.toml:2: run.command: expected a command: one line such as "npm start", or a list of words'],
  ["a section that is almost another", "[helth]\n", 'slip.toml:1: helth: there is no such key; did you mean "health"?'],
  ["a number that is too large", "[run]\nport = 99999\n", "slip.toml:2: run.port: at most 65535"],
  ["a variable that is no text", "[run.env]\nA = 3", "slip.toml:2: run.env.A: expected text, not a number"],
  ["an entry of a list of tables", '[[routes]]\npath = "/"\n\n[[routes]]\npath = "x"\n', "slip.toml:5: routes.1.path: expected a path that starts with '/'"],
  [
    "a path that would be more than a path",
    '[health]\npath = "/a\\r\\nX: y"\n',
    "slip.toml:2: health.path: expected a path whose blanks, and characters other than ASCII, are percent-encoded",
  ],
  ["an address in place of a host name", '[[routes]]\nhost = "127.0.0.1"\n', "slip.toml:2: routes.0.host: expected a host name such as app.example.org"],
  ["a key inside an inline table", '\nrun = { instances = 1,\n port = "x" }', "slip.toml:3: run.port: expected a number, not text"],
  ["a dotted key", "run.cpus = 1000", "slip.toml:1: run.cpus: at most 64"],
  [
    "a schedule that is none",
    '[function]\nschedule = [\n  "* * * * *",\n  "at noon",\n]\n',
    'slip.toml:4: function.schedule.1: expected five fields of cron such as "*/5 * * * *"',
  ],
  ["an entry outside of the source", '[function]\nentry = "../a.js"\n', "slip.toml:2: function.entry: a relative path inside the source"],
  ["a key of a function in another section", "[run]\nschedule = []\n", "slip.toml:2: run.schedule: there is no such key; it belongs in [function]"],
  ["a key twice", 'name = "a"\nname = "b"', "slip.toml:2: name: Defining a key multiple times is invalid"],
  ["a value that is missing", "[run]\nport =\n\n\n[health]\n", "slip.toml:2: run.port: The key, equals sign, and value must be on the same line"],
  ["a value that is missing at the end", "\nname = \n", "slip.toml:2: name: Unspecified values are invalid"],
  ["a table that is not closed", "[run\nport = 3\n", "slip.toml:1: The key, equals sign, and value must be on the same line"],
  ["a text without quotes", "[build]\n[run]\nmemory = 512MB\n", "slip.toml:3: run.memory: Must be a newline; a text stands in quotes"],
  ["a command of an empty word", '[build]\ncommand = [""]\n', "slip.toml:2: build.command: a list of words, the first of which names a program"],
  ["a command that nothing can run", '[run]\nrelease_command = "a\\u0000b"\n', "slip.toml:2: run.release_command: expected text without NUL"],
  ["a variable that none can hold", '[run.env]\nA = "a\\u0000b"\n', "slip.toml:2: run.env.A: expected text without NUL"],
  [
    "a name that is none of a variable",
    '[build.env]\n"A B" = "x"\n',
    "slip.toml:2: build.env.A B: expected letters, digits and '_', not starting with a digit",
  ],
  ["a variable that the platform sets", '[run.env]\nPORT = "80"\n', "slip.toml:2: run.env.PORT: the platform sets it; the port is 'port' of [run]"],
  ["an output outside of the source", '[build]\noutput = "dist/../../x"\n', "slip.toml:2: build.output: a relative path inside the source"],
  ["memory in which nothing runs", '[build]\nmemory = "0MB"\n\n[run]\n', "slip.toml:2: build.memory: at least 16MB"],
  ["memory that no machine has", '[run]\nmemory = "99999999999999GB"\n', "slip.toml:2: run.memory: at most 16384GB"],
  ["no time at all", '[build]\ntimeout = "0s"\n', "slip.toml:2: build.timeout: more than 0s"],
  ["a time beyond what a timer waits", '[build]\ntimeout = "1000h"\n', "slip.toml:2: build.timeout: at most 596h"],
  ["no TOML", "[run]\nx", "slip.toml:2: Expected equal (=) token"],
];

for (const [what, text, message] of mistakes)
  test(`${what} is told with its line and key`, () => {
    const found = mistake(text);
    assert.equal(found.message, message);
    assert.equal(found.file, "slip.toml");
    assert.equal(found.line, Number(/slip\.toml:(\d+)/.exec(message)?.[1]));
  });

test("all mistakes are told, in the order of their lines", () => {
  const { message, line, evidence } = mistake('[run]\nport = 99999\ncomand = "x"\nmemry = "1GB"\n\n[health]\nstart = "soon"\n');
  assert.equal(line, 2);
  assert.equal(message, "slip.toml:2: run.port: at most 65535 (4 mistakes in all)");
  assert.deepEqual(evidence, [
    "slip.toml:2: run.port: at most 65535",
    'slip.toml:3: run.comand: there is no such key; did you mean "command"?',
    'slip.toml:4: run.memry: there is no such key; did you mean "memory"?',
    'slip.toml:7: health.start: expected a duration such as "30s"',
  ]);
});

test("of a package of a workspace its own file counts, else that of the top where that is of it", () => {
  const of = (files: Record<string, string>) => configOf(memoryTree(files), "apps/api");
  const top = '[build]\npackage = "apps/api"\ncommand = "make"';
  assert.deepEqual(of({}), { build: { package: "apps/api" } });
  assert.deepEqual(of({ "slip.toml": 'name = "shop"' }), { build: { package: "apps/api" } });
  assert.deepEqual(of({ "slip.toml": top }), { build: { package: "apps/api", command: "make" } });
  assert.deepEqual(of({ "slip.toml": top, "apps/api/slip.toml": 'name = "api"' }), { name: "api", build: { package: "apps/api" } });
  assert.deepEqual(configOf(memoryTree({ "slip.toml": top })), { build: { package: "apps/api", command: "make" } });
  assert.throws(() => of({ "apps/api/slip.toml": "[run]\nports = 1" }), { message: /^apps\/api\/slip\.toml:2: run\.ports/ });
});
