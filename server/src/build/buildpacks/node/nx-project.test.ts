import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppConfig } from "@slipstream/contract/config.ts";
import { workspaceOf } from "@slipstream/contract/workspace.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

const json = (value: object): string => JSON.stringify(value);
const top = {
  "nx.json": json({ plugins: ["@nx/webpack/plugin", "@nx/vite/plugin"] }),
  "package.json": json({ engines: { node: "22.x" }, dependencies: { express: "5" }, devDependencies: { nx: "23", vite: "7", next: "16" } }),
  "package-lock.json": "{}",
  "libs/shared/project.json": json({ name: "shared" }),
};
const api = {
  "apps/api/project.json": json({ name: "shop-api", targets: { serve: { executor: "@nx/js:node" } } }),
  "apps/api/webpack.config.js": "module.exports = { output: { path: join(__dirname, '../../dist/apps/api') }, plugins: [x({ target: 'node' })] };",
  "apps/api/src/main.ts": "const port = process.env.PORT ? Number(process.env.PORT) : 3333;",
};
const web = {
  "apps/web/project.json": json({}),
  "apps/web/index.html": "",
  "apps/web/vite.config.mts": "export default { build: { outDir: '../../dist/apps/web' } }",
};
const plan = (folder: string, more: Record<string, string>, config: AppConfig = {}) =>
  planOf(memoryTree({ ...top, ...more }), { ...config, build: { ...config.build, package: folder } });

test("a server of an integrated repository is installed at the top, built by nx, and started where that put it", () => {
  const { install, build, process, runtime, output } = plan("apps/api", { ...api, ...web });
  assert.deepEqual([install?.command, install?.folder, install?.inputs], [["npm", "ci"], undefined, ["package.json", "package-lock.json"]]);
  assert.deepEqual([build?.command, build?.folder], [["nx", "build", "shop-api"], "apps/api"]);
  assert.deepEqual([process.command, process.folder, output], [["node", "../../dist/apps/api/main.js"], "apps/api", undefined]);
  assert.deepEqual([runtime[0], process.port], [{ name: "node", version: "22.x" }, 3000]);
});

test("a front end is the folder that nx builds it to, and finds its way in the browser", () => {
  const { build, output, process } = plan("apps/web", { ...api, ...web });
  assert.deepEqual([build?.command, output], [["nx", "build", "web"], ["dist/apps/web"]]);
  assert.equal(process.folder, undefined);
});

test("a target says where it builds to, and Angular's adds a folder", () => {
  const built = (executor: string, outputPath: unknown) =>
    plan("apps/web", { "apps/web/project.json": json({ name: "web", targets: { build: { executor, options: { outputPath } } } }) });
  assert.deepEqual(built("@angular/build:application", "dist/apps/web").output, ["dist/apps/web/browser"]);
  assert.deepEqual(built("@nx/webpack:webpack", { base: "{workspaceRoot}/out/web" }).output, ["out/web"]);
  assert.deepEqual(built("@nx/esbuild:esbuild", "{projectRoot}/dist").process.command, ["node", "dist/main.js"]);
});

test("a framework with a server of its own starts in its folder", () => {
  const next = plan("apps/site", { "apps/site/project.json": json({ name: "site" }), "apps/site/next.config.js": "" });
  assert.deepEqual([next.build?.command, next.process.command, next.process.folder], [["nx", "build", "site"], "next start", "apps/site"]);
});

test("what slip.toml says stands over what nx says", () => {
  const own = plan("apps/api", api, { run: { command: "node own.js" }, build: { command: "nx build shop-api --configuration=small" } });
  assert.deepEqual([own.build?.command, own.process.command], ["nx build shop-api --configuration=small", "node own.js"]);
  assert.deepEqual(plan("apps/web", web, { build: { output: "dist" } }).output, ["apps/web/dist"]);
});

test("a project of nx is sent with the whole of its repository", () => {
  const files: Record<string, string> = { ...top, ...api };
  assert.deepEqual(
    workspaceOf("apps/api", (path) => files[path]),
    { workspace: "", package: "apps/api" },
  );
  assert.equal(
    workspaceOf("apps/api", (path) => (path === "nx.json" ? undefined : files[path])),
    undefined,
  );
});
