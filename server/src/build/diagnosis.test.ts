import assert from "node:assert/strict";
import { test } from "node:test";
import { type Diagnosis, diagnose } from "./diagnosis.ts";

const cases: readonly [string, string[], Partial<Diagnosis>][] = [
  [
    "a lock file that does not fit",
    ["npm error code EUSAGE", "npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync."],
    { cause: "The lock file does not fit package.json." },
  ],
  ["the same in pnpm", ["ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with frozen-lockfile"], { cause: "The lock file does not fit package.json." }],
  [
    "a package that is not there",
    ["npm error code E404", "npm error 404  The requested resource 'no-such@1' could not be found"],
    { cause: "The registry has no no-such@1." },
  ],
  ["a distribution that is not there", ["ERROR: No matching distribution found for nope==1"], { cause: "The registry has no nope==1." }],
  [
    "a name that is not resolved",
    ["npm error errno ENOTFOUND getaddrinfo ENOTFOUND registry.example"],
    { cause: "The name registry.example could not be resolved." },
  ],
  ["a name in the dump of an error", ["[Error: getaddrinfo EAI_AGAIN fonts.example] {"], { cause: "The name fonts.example could not be resolved." }],
  ["a full heap", ["FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"], { cause: "Node's heap was full." }],
  ["a missing command", ["sh: 1: tsc: not found"], { cause: "The command tsc was not found." }],
  ["a missing module", ["Error: Cannot find module 'left-pad'"], { cause: "left-pad was not found." }],
  ["a missing Python module", ["ModuleNotFoundError: No module named 'flask'"], { cause: "The module flask was not found." }],
  ["a place of TypeScript", ["src/a.ts(12,5): error TS2304: Cannot find name 'x'."], { file: "src/a.ts", line: 12 }],
  ["a place of a Next build", ["./src/pages/[id].tsx:3:7", "Type error: x"], { file: "src/pages/[id].tsx", line: 3 }],
  ["a place of Python", ['  File "/app/shop/main.py", line 7, in <module>'], { file: "shop/main.py", line: 7 }],
  ["a place of Vite", ['Could not resolve "./nope.js" from "src/m.js"'], { file: "src/m.js", cause: "./nope.js was not found." }],
  ["no place in what others wrote", ["    at x (file:///app/node_modules/rollup/dist/a.js:355:41)"], {}],
  ["nothing that is known", ["something else"], {}],
];

for (const [what, lines, expected] of cases)
  test(`${what} is understood`, () => {
    const found = diagnose(lines);
    assert.deepEqual({ cause: found.cause, file: found.file, line: found.line }, { cause: undefined, file: undefined, line: undefined, ...expected });
    assert.equal(found.cause === undefined, found.next === undefined);
  });

test("long lines of a stranger take no time", () => {
  const started = performance.now();
  diagnose([`${"a.".repeat(8_000)}`, `${"'".repeat(16_000)}`, `code E404 ${"x".repeat(16_000)}`, "at ".repeat(5_000), "/app/".repeat(3_000)]);
  assert.ok(performance.now() - started < 500);
});
