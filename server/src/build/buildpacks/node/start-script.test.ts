import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

type Scripts = Record<string, string>;
const cases: readonly { what: string; scripts: Scripts; build: unknown; start: unknown }[] = [
  { what: "compiles", scripts: { compile: "tsc", start: "npm run compile && node dist/x.js" }, build: "npm run compile", start: "node dist/x.js" },
  { what: "compiles with options", scripts: { start: "tsc -p . && node dist/x.js" }, build: "tsc -p .", start: "node dist/x.js" },
  { what: "runs the build script", scripts: { build: "tsc", start: "npm run build && node x.js" }, build: ["npm", "run", "build"], start: "node x.js" },
  {
    what: "is preceded by a build",
    scripts: { build: "tsc", prestart: "npm run build", start: "node x.js" },
    build: ["npm", "run", "build"],
    start: "node x.js",
  },
  {
    what: "builds what the build script does not",
    scripts: { build: "x", start: "prisma generate && node x.js" },
    build: "npm run build && prisma generate",
    start: "node x.js",
  },
  { what: "migrates", scripts: { start: "prisma migrate deploy && node x.js" }, build: undefined, start: "prisma migrate deploy && node x.js" },
  { what: "is preceded by something else", scripts: { prestart: "node m.js", start: "node x.js" }, build: undefined, start: "{ node m.js; } && node x.js" },
  { what: "watches", scripts: { start: "tsc --watch && node x.js" }, build: undefined, start: "tsc --watch && node x.js" },
];

for (const { what, scripts, build, start } of cases)
  test(`a start script that ${what}`, () => {
    const plan = planOf(memoryTree({ "package.json": JSON.stringify({ scripts }) }), {});
    assert.deepEqual([plan.build?.command, plan.process.command], [build, start]);
  });

test("a command of slip.toml is started in place of the script, and what that builds is not built", () => {
  const plan = planOf(memoryTree({ "package.json": JSON.stringify({ scripts: { start: "tsc && node x.js" } }) }), { run: { command: "node y.js" } });
  assert.deepEqual([plan.build, plan.process.command], [undefined, "node y.js"]);
});
