import assert from "node:assert/strict";
import { test } from "node:test";
import { isNamed, workspaceOf } from "./workspace.ts";

const named: readonly [patterns: string[], folder: string, isOne: boolean][] = [
  [["apps/*"], "apps/api", true],
  [["./apps/*/"], "apps/api", true],
  [["apps/*"], "apps/api/tools", false],
  [["apps/*"], "apps", false],
  [["apps/api"], "apps/api", true],
  [["apps/**"], "apps/a/b", true],
  [["**"], "a", true],
  [["packages/*-app"], "packages/shop-app", true],
  [["packages/*-app"], "packages/app", false],
  [["packages/a*a"], "packages/a", false],
  [["apps/*", "!apps/old"], "apps/old", false],
  [["apps/*", "!**/test/**"], "apps/api", true],
  [["a/**/b/**/c/**/d"], "a/b/c/d", false],
  [[], "apps/api", false],
];
for (const [patterns, folder, isOne] of named)
  test(`${folder} is ${isOne ? "" : "not "}named by ${JSON.stringify(patterns)}`, () => assert.equal(isNamed(patterns, folder), isOne));

const reading = (files: Record<string, string>) => (path: string) => files[path];

test("a package finds its workspace, the nearest above it that names it", () => {
  const files = {
    "package.json": JSON.stringify({ workspaces: ["js"] }),
    "js/package.json": JSON.stringify({ workspaces: { packages: ["apps/*"] } }),
    "js/apps/api/package.json": "{}",
    "js/other/package.json": "{}",
  };
  assert.deepEqual(workspaceOf("js/apps/api", reading(files)), { workspace: "js", package: "apps/api" });
  assert.deepEqual(workspaceOf("js", reading(files)), { workspace: "", package: "js" });
  assert.equal(workspaceOf("js/other", reading(files)), undefined);
  assert.equal(workspaceOf("js/apps/none", reading(files)), undefined, "a folder without a package.json");
  assert.equal(workspaceOf("", reading(files)), undefined);
});

test("pnpm's list is read as people write it", () => {
  const of = (yaml: string) => workspaceOf("apps/api", reading({ "pnpm-workspace.yaml": yaml, "apps/api/package.json": "{}" })) !== undefined;
  assert.ok(of("packages:\n  - 'packages/*'\n  # servers\n\n  - \"apps/*\" # all\ncatalog:\n  - x\n"));
  assert.ok(of("catalog:\n  react: 19\npackages:\n- apps/*"));
  assert.ok(of('packages: ["packages/*", apps/*]\n'));
  assert.ok(!of("packages:\n  - packages/*\nonlyBuiltDependencies:\n  - apps/*\n"));
  assert.ok(!of("packages:\n  - apps/*\n  - '!apps/api'\n"));
});

test("what is no JSON is no workspace", () => {
  assert.equal(workspaceOf("apps/api", reading({ "package.json": "{ workspaces: ", "apps/api/package.json": "{}" })), undefined);
});

test("uv's table is read as people write it", () => {
  const of = (toml: string) => workspaceOf("apps/api", reading({ "pyproject.toml": toml, "apps/api/pyproject.toml": "" })) !== undefined;
  assert.ok(of('[project]\nname = "top"\n[tool.uv.workspace]\nmembers = [\n  "packages/*",\n  "apps/*", # servers\n]\nexclude = ["apps/old"]\n'));
  assert.ok(of("[tool.uv.workspace] # all\nmembers = ['apps/api']\n[tool.uv.sources]\n"));
  assert.ok(of('[tool.uv]\nworkspace = { members = ["apps/*"] }\n'));
  assert.ok(!of('[tool.uv.workspace]\nmembers = ["apps/*"]\nexclude = ["apps/api"]\n'));
  assert.ok(!of('[tool.uv.workspace]\nexclude = []\n[tool.other]\nmembers = ["apps/*"]\n'));
  assert.equal(workspaceOf("apps/api", reading({ "package.json": '{"workspaces":["apps/*"]}', "apps/api/pyproject.toml": "" })), undefined);
});
