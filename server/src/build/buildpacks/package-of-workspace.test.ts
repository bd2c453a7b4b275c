import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { memoryTree } from "../testing/memory-tree.ts";
import { planOf } from "./list.ts";

const pack = (file: object): string => JSON.stringify(file);
const workspace = {
  "package.json": pack({ workspaces: ["apps/*", "packages/*"], engines: { node: "20.x" } }),
  "package-lock.json": "{}",
  "apps/api/package.json": pack({ name: "api", scripts: { start: "node server.js", build: "tsc" }, dependencies: { lib: "*", ms: "2" } }),
  "apps/web/package.json": pack({ name: "web", scripts: { build: "vite build" }, devDependencies: { vite: "7", lib: "*" } }),
  "apps/fn/package.json": pack({ name: "fn" }),
  "apps/fn/index.js": "export default { fetch() { return new Response() } }",
  "packages/lib/package.json": pack({ name: "lib", scripts: { build: "tsc" }, dependencies: { base: "*" } }),
  "packages/base/package.json": pack({ name: "base", scripts: { build: "tsc" }, devDependencies: { lib: "*" } }),
  "packages/other/package.json": pack({ name: "other", scripts: { build: "exit 1" } }),
};

const plan = (folder: string, files: Record<string, string> = workspace, build: object = {}): BuildPlan =>
  planOf(memoryTree(files), { build: { package: folder, ...build } });
const places = ({ before = [] }: BuildPlan) => before.map(({ folder }) => folder);

test("a package is installed with all others, and built and started in its folder, after what it needs", () => {
  const { install, build, process, output, runtime, ...of } = plan("apps/api");
  assert.deepEqual([install?.command, install?.folder], [["npm", "ci"], undefined]);
  assert.ok(install?.inputs.includes("package-lock.json") && install.inputs.includes("packages/other/package.json"));
  assert.deepEqual(places({ ...of, install, build, process, output, runtime }), ["packages/base", "packages/lib"]);
  assert.deepEqual([build?.command, build?.folder], [["npm", "run", "build"], "apps/api"]);
  assert.deepEqual([process.command, process.folder, output], [plan("apps/api").process.command, "apps/api", undefined]);
  assert.deepEqual(runtime[0], { name: "node", version: "20.x" }, "the Node of the top");
});

test("a front end becomes a site, of what its build makes in its folder", () => {
  const { output, process, build } = plan("apps/web");
  assert.deepEqual([build?.folder, output], ["apps/web", ["apps/web/dist"]]);
  assert.equal(process.folder, undefined, "what was made is at the top then");
});

test("a function is bundled in its folder", () => {
  const { buildpack, bundle, output } = plan("apps/fn");
  assert.deepEqual([buildpack, bundle?.folder, output], ["function", "apps/fn", ["apps/fn/.slipstream/function"]]);
});

test("it is the package manager of the top that builds", () => {
  const { "package-lock.json": _, ...others } = workspace;
  const files = { ...others, "package.json": pack({ packageManager: "pnpm@10.12.1" }), "pnpm-workspace.yaml": "packages: ['**']\n", "pnpm-lock.yaml": "" };
  const { install, before, build, tools } = plan("apps/api", files);
  assert.deepEqual(install?.command, ["pnpm", "install", "--frozen-lockfile"]);
  assert.deepEqual(
    [before?.[0]?.command, build?.command],
    [
      ["pnpm", "run", "build"],
      ["pnpm", "run", "build"],
    ],
  );
  assert.equal(tools.find(({ name }) => name === "pnpm")?.version, "10.12.1");
});

test("commands of slip.toml are of its folder", () => {
  const { install, build, output } = plan("apps/api", workspace, { install: "npm ci --workspace=api", command: "make", output: "out" });
  assert.deepEqual([install?.command, install?.folder, install?.inputs], ["npm ci --workspace=api", "apps/api", "all"]);
  assert.deepEqual([build?.command, build?.folder, output], ["make", "apps/api", ["apps/api/out"]]);
});

test("below a top that is no workspace a package is installed by itself", () => {
  const files = { ...workspace, "package.json": pack({ name: "top", dependencies: { ms: "2" } }), "apps/api/package-lock.json": "{}" };
  const { install, before } = plan("apps/api", files);
  assert.deepEqual([install?.command, install?.folder, install?.inputs], [["npm", "ci"], "apps/api", ["apps/api/package.json", "apps/api/package-lock.json"]]);
  assert.equal(before, undefined);
});

test("a package that is not there is said", () => {
  assert.throws(() => plan("apps/none"), { code: "invalid_config", message: "build.package: there is no apps/none/package.json." });
});

test("a package that cannot be read is said by what reads it", () => {
  const files = { ...workspace, "apps/api/package.json": "{" };
  assert.throws(() => plan("apps/api", files), { message: /^apps\/api\/package\.json is not JSON/, next: "Correct apps/api/package.json." });
});

for (const [what, changed] of Object.entries({
  "a script that an install runs": { scripts: { prepare: "tsc" } },
  "a folder among its dependencies": { dependencies: { tool: "file:../../tools/tool" } },
  "a package of the workspace that is copied": { dependenciesMeta: { base: { injected: true } } },
}))
  test(`${what}, in any package, makes the install see all files`, () => {
    const files = { ...workspace, "packages/lib/package.json": pack({ name: "lib", ...changed }) };
    assert.equal(plan("apps/api", files).install?.inputs, "all");
  });

const uvWorkspace = {
  "pyproject.toml": '[project]\nname = "top"\n[tool.uv.workspace]\nmembers = ["apps/*", "packages/*"]\n',
  "package.json": pack({ workspaces: ["web"] }),
  ".python-version": "3.11\n",
  "uv.lock": [
    '[[package]]\nname = "my-api"\nsource = { virtual = "apps/api" }\ndependencies = [\n    { name = "flask" },\n    { name = "lib" },\n]\n',
    '\n[package.dev-dependencies]\ndev = [\n    { name = "gunicorn" },\n]\n\n',
    '[[package]]\nname = "flask"\nversion = "3"\n\n[[package]]\nname = "lib"\n\n[[package]]\nname = "gunicorn"\n',
  ].join(""),
  "apps/api/pyproject.toml": '[project]\nname = "my_api"\ndependencies = ["flask", "lib"]\n',
  "apps/api/src/api/main.py": "app = Flask(__name__)\n",
  "packages/lib/pyproject.toml": '[project]\nname = "lib"\n',
};

test("a package of a workspace of uv is installed at the top, by its name, and started in its folder", () => {
  const { install, process: started, runtime, before } = plan("apps/api", uvWorkspace);
  const decisive = Object.keys(uvWorkspace).filter((path) => /(?:pyproject\.toml|uv\.lock|\.python-version)$/.test(path));
  assert.deepEqual([install?.name, install?.folder, install?.inputs], ["uv sync --package my_api", undefined, decisive]);
  assert.match(String(install?.command[2]), /uv sync --frozen --package "\$1" --no-dev --no-install-project\nshift\n/);
  assert.deepEqual(install?.command.slice(4), ["my_api", "gunicorn"], "what another package or only its development has is not there");
  assert.deepEqual([started.folder, started.env.PYTHONPATH, before], ["apps/api", "/app/apps/api/src", undefined]);
  assert.deepEqual(runtime, [{ name: "python", version: "==3.11.*" }], "the Python of the top");
});

test("a workspace of uv without its lock file is resolved", () => {
  const { "uv.lock": _, ...files } = uvWorkspace;
  assert.match(String(plan("apps/api", files).install?.command[2]), /uv sync --package "\$1" /);
});

test("a command of slip.toml installs a package of uv's in its folder", () => {
  const { install } = plan("apps/api", uvWorkspace, { install: "make install" });
  assert.deepEqual([install?.command, install?.folder], ["make install", "apps/api"]);
});

const nxWorkspace = {
  ...workspace,
  "package.json": pack({ workspaces: ["apps/*", "packages/*"], devDependencies: { nx: "22" } }),
  "nx.json": pack({ plugins: ["@nx/vite/plugin"] }),
  "apps/web/package.json": pack({ name: "@org/web", nx: { name: "web" }, dependencies: { lib: "*", ui: "*" }, devDependencies: { vite: "7" } }),
  "packages/ui/package.json": pack({ name: "ui" }),
};

test("nx builds what has no build script, and no other package does", () => {
  const { before, build, output } = plan("apps/web", nxWorkspace);
  assert.deepEqual(
    before?.map(({ name }) => name),
    ["nx run-many --targets=build --projects=ui", "npm run build in packages/base", "npm run build in packages/lib"],
  );
  assert.deepEqual([build?.command, build?.folder, output], [["nx", "run-many", "--targets=build", "--projects=web"], "apps/web", ["apps/web/dist"]]);
  assert.deepEqual(plan("apps/api", nxWorkspace).build?.command, ["npm", "run", "build"]);
});

test("nx is asked only where something says that it builds a package", () => {
  const { before, build } = plan("apps/fn", { ...nxWorkspace, "nx.json": "{}" });
  assert.deepEqual([before, build], [[], undefined]);
  const said = { ...nxWorkspace, "nx.json": "{}", "apps/fn/project.json": pack({ name: "fun", targets: { build: {} } }) };
  assert.deepEqual(plan("apps/fn", said).build?.command, ["nx", "run-many", "--targets=build", "--projects=fun"]);
  assert.equal(plan("apps/fn", { ...said, "package.json": workspace["package.json"] }).build, undefined, "a workspace without nx");
});

test("a project of nx that has no package.json is told how its top is deployed", () => {
  const files = { "project.json": pack({ name: "api", targets: { build: { options: { outputPath: "dist/apps/api" } } } }), "src/main.ts": "" };
  assert.throws(() => planOf(memoryTree(files), {}), {
    code: "no_buildpack",
    details: {
      cause: "It is a project of nx without a package.json: its packages are those of the top of the repository.",
      next: [
        "Deploy it with its repository, which has nx.json at the top: 'slip deploy REPOSITORY --subfolder FOLDER'.",
        'Or set [build] command = "nx build api" in a slip.toml at the top, with [run] command = "node dist/apps/api/main.js" for a server or [build] output = "dist/apps/api" for a site, and deploy the top.',
        "Or give the folder a package.json, and name it in workspaces of the package.json at the top.",
      ],
    },
  });
});

const turboWorkspace = {
  ...workspace,
  "package.json": pack({ workspaces: ["apps/*", "packages/*"], devDependencies: { turbo: "2" } }),
  "turbo.json": '{\n  // all\n  "tasks": { "build": { "dependsOn": ["^build", "codegen"], }, "codegen": {} }\n}',
};

test("Turborepo builds where its build needs tasks of other names", () => {
  const { before, build } = plan("apps/api", turboWorkspace);
  assert.deepEqual([before, build?.command], [[], ["turbo", "run", "build", "--filter=api", "--env-mode=loose"]]);
  const files = { ...turboWorkspace, "apps/fn/package.json": pack({ name: "fn", dependencies: { lib: "*" } }) };
  assert.deepEqual(
    plan("apps/fn", files).before?.map(({ name }) => name),
    ["turbo run build --filter=fn^... --env-mode=loose"],
    "what has no build script of its own",
  );
});

test("Turborepo is left out where build scripts do as well", () => {
  const files = { ...turboWorkspace, "turbo.json": pack({ tasks: { build: { dependsOn: ["^build"] } } }) };
  assert.deepEqual(plan("apps/api", files).before?.length, 2);
  assert.deepEqual(plan("apps/api", files).build?.command, ["npm", "run", "build"]);
});

test("another package that cannot be read is said by its name, and what is no package is left alone", () => {
  const files = { ...workspace, "packages/other/package.json": '{ "name": "other",\n }' };
  assert.throws(() => plan("apps/api", files), { message: /^packages\/other\/package\.json is not JSON/, next: "Correct packages/other/package.json." });
  assert.ok(plan("apps/api", { ...workspace, "packages/other/template/package.json": "{ {{name}} }" }));
});

test("a framework that the top alone has is that of a package with its files", () => {
  const files = {
    ...workspace,
    "package.json": pack({ workspaces: ["apps/*"], devDependencies: { vite: "7" } }),
    "apps/web/package.json": pack({ name: "web", scripts: { build: "vite build" } }),
    "apps/web/vite.config.ts": "",
    "apps/web/index.html": '<script type="module" src="/main.js"></script>',
    "apps/web/main.js": "",
  };
  assert.deepEqual(plan("apps/web", files).output, ["apps/web/dist"]);
  const { "apps/web/index.html": _, ...server } = files;
  assert.deepEqual(plan("apps/web", server).process.command, ["node", "main.js"]);
});
