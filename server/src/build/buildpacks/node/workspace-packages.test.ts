import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

const pack = (file: object): string => JSON.stringify(file);
const api = { "apps/api/package.json": pack({ scripts: { start: "node index.js", build: "tsc" } }) };
const lib = { "packages/lib/package.json": pack({ scripts: { build: "tsc" } }) };
const ofNpm = { "package.json": pack({ workspaces: ["apps/*", "packages/*"] }), ...api, ...lib };

const plan = (files: Record<string, string>): BuildPlan => planOf(memoryTree(files), {});

test("a workspace starts the one package that has a start script, and builds all of them", () => {
  const { process, build, output } = plan(ofNpm);
  assert.deepEqual(
    [process.command, build?.command, output],
    [["npm", "--prefix", "apps/api", "start"], ["npm", "run", "build", "--workspaces", "--if-present"], undefined],
  );
});

test("pnpm builds its packages in the order of what they need, or as the script of the top says", () => {
  const files = { ...api, ...lib, "pnpm-workspace.yaml": "packages: [apps/*]\n", "pnpm-lock.yaml": "" };
  assert.deepEqual(plan({ ...files, "package.json": "{}" }).build?.command, ["pnpm", "--recursive", "--if-present", "run", "build"]);
  const own = plan({ ...files, "package.json": pack({ scripts: { build: "turbo run build" } }) });
  assert.deepEqual(
    [own.build?.command, own.process.command],
    [
      ["pnpm", "run", "build"],
      ["npm", "--prefix", "apps/api", "start"],
    ],
  );
});

test("a package with a development server is no second one", () => {
  const web = { "apps/web/package.json": pack({ scripts: { start: "vite" } }), "apps/broken/package.json": "{" };
  assert.deepEqual(plan({ ...ofNpm, ...web }).process.command, ["npm", "--prefix", "apps/api", "start"]);
});

test("what the top starts stands over its packages", () => {
  const files = { ...ofNpm, "package.json": pack({ workspaces: ["apps/*"], scripts: { start: "node main.js" } }) };
  assert.equal(plan(files).process.command, "node main.js");
});

test("folders that are no workspace are not guessed among", () => assert.throws(() => plan({ ...ofNpm, "package.json": "{}" }), /no start script/));
