import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

type Files = Record<string, string>;
/** What a case is about; the rest of the plan is not compared. */
interface Expected {
  install?: string | undefined;
  inputs?: readonly string[] | "all";
  build?: string | undefined;
  command?: unknown;
  output?: readonly string[] | undefined;
  runtime?: readonly string[];
  tools?: readonly string[];
}

const pack = (file: object): string => JSON.stringify(file);
const named = (toolchains: BuildPlan["runtime"]): string[] => toolchains.map(({ name, version }) => (version === "default" ? name : `${name}@${version}`));

const summary = (plan: BuildPlan): Required<Expected> => ({
  install: plan.install?.name,
  inputs: plan.install?.inputs ?? [],
  build: plan.build?.name,
  command: plan.process.command,
  output: plan.output,
  runtime: named(plan.runtime),
  tools: named(plan.tools),
});

const start = { start: "node server.js" };
const dependencies = { express: "5" };
const site = ["node", "/opt/static-server/main.mjs", "/app"];
const spa = [...site, "--fallback"];

const cases: readonly { what: string; files: Files; config?: AppConfig; expected: Expected }[] = [
  {
    what: "a package without dependencies installs nothing",
    files: { "package.json": pack({ scripts: start }), "package-lock.json": "{}" },
    expected: { install: undefined, build: undefined, command: "node server.js", output: undefined, runtime: ["node"], tools: ["node", "npm"] },
  },
  {
    what: "npm with a lock file",
    files: { "package.json": pack({ scripts: start, dependencies }), "package-lock.json": "{}", "server.js": "", ".npmrc": "" },
    expected: { install: "npm ci", inputs: ["package.json", "package-lock.json", ".npmrc"] },
  },
  {
    what: "TanStack Start with Nitro",
    files: {
      "package.json": pack({
        scripts: { build: "vite build", preview: "vite preview" },
        dependencies: { "@tanstack/react-start": "1", nitro: "3", vite: "8" },
      }),
    },
    expected: { build: "npm run build", command: "node .output/server/index.mjs", output: undefined },
  },
  {
    what: "SolidStart, whose start script is a preview",
    files: { "package.json": pack({ scripts: { build: "vite build", start: "vite preview" }, dependencies: { "@solidjs/start": "2", vite: "8" } }) },
    expected: { build: "npm run build", command: "node .output/server/index.mjs" },
  },
  {
    what: "Qwik City with an adapter for a server",
    files: {
      "package.json": pack({
        scripts: { build: "qwik build", serve: "node server/entry.node-server", start: "vite --open --mode ssr" },
        devDependencies: { "@builder.io/qwik-city": "1", vite: "7" },
      }),
    },
    expected: { build: "npm run build", command: "node server/entry.node-server", output: undefined },
  },
  {
    what: "Qwik City with its adapter for sites",
    files: {
      "package.json": pack({ scripts: { build: "qwik build", start: "vite --mode ssr" }, devDependencies: { "@builder.io/qwik-city": "1", vite: "7" } }),
      "adapters/static/vite.config.ts": "",
    },
    expected: { build: "npm run build", command: site, output: ["dist"] },
  },
  {
    what: "Ember",
    files: {
      "package.json": pack({ scripts: { build: "ember build --environment=production", start: "ember serve" }, devDependencies: { "ember-cli": "6" } }),
    },
    expected: { build: "npm run build", command: spa, output: ["dist"] },
  },
  {
    what: "components that Storybook shows, and nothing else",
    files: {
      "package.json": pack({ scripts: { storybook: "storybook dev", "build-storybook": "storybook build" }, devDependencies: { storybook: "9", vite: "7" } }),
    },
    expected: { build: "npm run build-storybook", command: site, output: ["storybook-static"] },
  },
  {
    what: "Eleventy, for which its guide writes no script",
    files: { "package.json": pack({ devDependencies: { "@11ty/eleventy": "3" } }), "eleventy.config.js": 'export default () => ({ dir: { output: "web" } })' },
    expected: { build: "eleventy", command: site, output: ["web"] },
  },
  {
    what: "Eleventy's server, by npx, which serves no release",
    files: { "package.json": pack({ scripts: { build: "eleventy", start: "npx @11ty/eleventy --serve" }, devDependencies: { "@11ty/eleventy": "3" } }) },
    expected: { build: "npm run build", command: site, output: ["_site"] },
  },
  {
    what: "VitePress, whose scripts are those of documentation",
    files: { "package.json": pack({ scripts: { "docs:build": "vitepress build docs" }, devDependencies: { vitepress: "1" } }) },
    expected: { build: "npm run docs:build", command: site },
  },
  {
    what: "a program that runs in Bun alone, also where npm installs",
    files: { "package.json": "{}", "index.ts": "Bun.serve({ fetch })" },
    expected: { command: ["bun", "index.ts"], runtime: ["node", "bun"] },
  },
  {
    what: "Expo's pages for browsers",
    files: {
      "package.json": pack({ main: "index.js", scripts: { start: "expo start", web: "expo start --web" }, dependencies: { expo: "57" } }),
      "index.js": "",
    },
    expected: { build: "expo export --platform web", command: spa, output: ["dist"] },
  },
  {
    what: "Angular with its server",
    files: {
      "package.json": pack({
        scripts: { start: "ng serve", build: "ng build", "serve:ssr:shop": "node dist/shop/server/server.mjs" },
        dependencies: { "@angular/ssr": "20" },
        devDependencies: { "@angular/cli": "20" },
      }),
    },
    expected: { build: "npm run build", command: "node dist/shop/server/server.mjs", output: undefined },
  },
  {
    what: "a program that is run in Bun while it is developed",
    files: { "package.json": pack({ scripts: { dev: "bun run --watch src/index.ts" } }), "src/index.ts": "new Elysia().listen(3000)" },
    expected: { command: ["bun", "src/index.ts"], runtime: ["node", "bun"] },
  },
  {
    what: "a start script that names Bun, where npm installs",
    files: { "package.json": pack({ scripts: { start: "bun run index.ts" } }) },
    expected: { runtime: ["node", "bun"], tools: ["node", "npm"] },
  },
  {
    what: "npm without a lock file",
    files: { "package.json": pack({ scripts: start, dependencies }) },
    expected: { install: "npm install", inputs: ["package.json"] },
  },
  {
    what: "an install that runs a script of the package itself may read every file",
    files: { "package.json": pack({ scripts: { ...start, postinstall: "node x.js" } }), "x.js": "" },
    expected: { install: "npm install", inputs: "all" },
  },
  {
    what: "a dependency in the tree may read every file",
    files: { "package.json": pack({ scripts: start, dependencies: { a: "file:./a" } }) },
    expected: { inputs: "all" },
  },
  {
    what: "workspaces are decided by all their package files",
    files: {
      "package.json": pack({ scripts: start, workspaces: ["packages/*"] }),
      "packages/a/package.json": "{}",
      "packages/a/index.js": "",
      "package-lock.json": "{}",
    },
    expected: { install: "npm ci", inputs: ["package.json", "packages/a/package.json", "package-lock.json"] },
  },
  {
    what: "pnpm by its lock file, in the release that wrote it",
    files: { "package.json": pack({ scripts: start, dependencies }), "pnpm-lock.yaml": "lockfileVersion: '6.0'\n" },
    expected: { install: "pnpm install --frozen-lockfile", tools: ["node", "npm", "pnpm@8"], runtime: ["node"] },
  },
  {
    what: "yarn 1 by its lock file",
    files: { "package.json": pack({ scripts: start, dependencies }), "yarn.lock": "# yarn lockfile v1\n" },
    expected: { install: "yarn install --non-interactive --frozen-lockfile", tools: ["node", "npm", "yarn@1"] },
  },
  {
    what: "a later yarn by its lock file",
    files: { "package.json": pack({ scripts: start, dependencies }), "yarn.lock": "__metadata:\n  version: 8\n" },
    expected: { install: "yarn install --immutable", tools: ["node", "npm", "yarn@4"] },
  },
  {
    what: "bun by its lock file",
    files: { "package.json": pack({ scripts: start, dependencies }), "bun.lock": "{}" },
    expected: { install: "bun install --frozen-lockfile", tools: ["node", "npm", "bun"] },
  },
  {
    what: "the npm that the packageManager field names builds, and runs the start script",
    files: { "package.json": pack({ packageManager: "npm@11.5.2+sha512.abc", scripts: { start: "npm run serve" }, dependencies }) },
    expected: { install: "npm install", tools: ["node", "npm@11.5.2"], runtime: ["node", "npm@11.5.2"] },
  },
  {
    what: "the package manager of devEngines, which npm itself insists on",
    files: { "package.json": pack({ devEngines: { packageManager: { name: "npm", version: "^11.0.0", onFail: "error" } }, scripts: start, dependencies }) },
    expected: { tools: ["node", "npm@^11.0.0"] },
  },
  {
    what: "the packageManager field stands over lock files of others",
    files: { "package.json": pack({ packageManager: "pnpm@9.1.0+sha512.abc", scripts: start, dependencies }), "package-lock.json": "{}" },
    expected: { install: "pnpm install --no-frozen-lockfile", tools: ["node", "npm", "pnpm@9.1.0"] },
  },
  {
    what: "a build script of a server",
    files: { "package.json": pack({ scripts: { ...start, build: "tsc" } }) },
    expected: { build: "npm run build", command: "node server.js", output: undefined },
  },
  {
    what: "slip.toml stands over everything",
    files: { "package.json": pack({ scripts: { ...start, build: "tsc" }, dependencies }), Procfile: "web: node p.js" },
    config: { build: { command: "make", install: "make deps" }, run: { command: ["node", "c.js"] } },
    expected: { install: "make deps", inputs: "all", build: "make", command: ["node", "c.js"] },
  },
  {
    what: "a Procfile stands over the start script",
    files: { "package.json": pack({ scripts: start }), Procfile: "release: x\nweb:  node p.js \n" },
    expected: { command: "node p.js" },
  },
  {
    what: "prestart comes before start",
    files: { "package.json": pack({ scripts: { ...start, prestart: "node m.js" } }) },
    expected: { command: "{ node m.js; } && node server.js" },
  },
  { what: "main without a start script", files: { "package.json": pack({ main: "./lib/a.js" }), "lib/a.js": "" }, expected: { command: ["node", "lib/a.js"] } },
  { what: "a usual entry file without a start script", files: { "package.json": "{}", "index.js": "" }, expected: { command: ["node", "index.js"] } },
  {
    what: "npm in the start command is in the artifact",
    files: { "package.json": pack({ scripts: { start: "npm run serve" } }) },
    expected: { runtime: ["node", "npm"] },
  },
  {
    what: "another package manager in the start command is in the artifact",
    files: { "package.json": pack({ packageManager: "yarn@1.22.22", scripts: { start: "yarn serve" } }) },
    expected: { runtime: ["node", "yarn@1.22.22"] },
  },
  {
    what: "another major version of Node brings an npm that runs on it",
    files: { "package.json": pack({ scripts: start, engines: { node: "20" } }) },
    expected: { runtime: ["node@20"], tools: ["node@20", "npm@10"] },
  },
  {
    what: "a range that the platform's own Node fits costs no download",
    files: { "package.json": pack({ scripts: start, engines: { node: ">=18" } }) },
    expected: { runtime: ["node"] },
  },
  { what: ".nvmrc", files: { "package.json": pack({ scripts: start }), ".nvmrc": "v22\n" }, expected: { runtime: ["node@22"] } },
  { what: ".nvmrc with the name of a line", files: { "package.json": pack({ scripts: start }), ".nvmrc": "lts/iron\n" }, expected: { runtime: ["node@20"] } },
  {
    what: "a version that is none is the default",
    files: { "package.json": pack({ scripts: start }), ".node-version": "stable" },
    expected: { runtime: ["node"] },
  },
  {
    what: "Vite makes a site whose routes are in the browser",
    files: { "package.json": pack({ scripts: { build: "vite build", start: "vite preview" }, devDependencies: { vite: "7" } }) },
    expected: { build: "npm run build", command: spa, output: ["dist"], runtime: ["node", "static"] },
  },
  {
    what: "Vite with a folder of its own",
    files: {
      "package.json": pack({ scripts: { build: "vite build" }, devDependencies: { vite: "7" } }),
      "vite.config.ts": 'export default { build: { outDir: "./www/out" } }',
    },
    expected: { output: ["www/out"] },
  },
  {
    what: "Vite beside a server is a server",
    files: { "package.json": pack({ scripts: { ...start, build: "vite build" }, devDependencies: { vite: "7" } }) },
    expected: { command: "node server.js", output: undefined },
  },
  {
    what: "Astro",
    files: { "package.json": pack({ scripts: { build: "astro build", start: "astro dev" }, dependencies: { astro: "5" } }) },
    expected: { command: site, output: ["dist"] },
  },
  {
    what: "Astro with a server",
    files: {
      "package.json": pack({ scripts: { build: "astro build" }, dependencies: { astro: "5", "@astrojs/node": "9" } }),
      "astro.config.mjs": "export default { output: 'server', adapter: node() }",
    },
    expected: { command: "node dist/server/entry.mjs", output: undefined },
  },
  {
    what: "Next export",
    files: {
      "package.json": pack({ scripts: { build: "next build" }, dependencies: { next: "16" } }),
      "next.config.mjs": 'export default { output: "export" }',
    },
    expected: { command: site, output: ["out"] },
  },
  {
    what: "Next with a server",
    files: { "package.json": pack({ scripts: { build: "next build", start: "next start" }, dependencies: { next: "16" } }) },
    expected: { command: "next start", output: undefined },
  },
  {
    what: "SvelteKit, static",
    files: {
      "package.json": pack({ scripts: { build: "vite build" }, devDependencies: { vite: "7", "@sveltejs/kit": "2", "@sveltejs/adapter-static": "3" } }),
    },
    expected: { command: site, output: ["build"] },
  },
  {
    what: "SvelteKit with a server",
    files: { "package.json": pack({ scripts: { build: "vite build" }, devDependencies: { vite: "7", "@sveltejs/kit": "2", "@sveltejs/adapter-node": "5" } }) },
    expected: { command: "node build", output: undefined },
  },
  {
    what: "Create React App starts a development server",
    files: { "package.json": pack({ scripts: { start: "react-scripts start", build: "react-scripts build" }, dependencies: { "react-scripts": "5" } }) },
    expected: { command: spa, output: ["build"] },
  },
  {
    what: "SvelteKit as it comes, whose adapter makes a server here",
    files: {
      "package.json": pack({ scripts: { build: "vite build" }, devDependencies: { vite: "7", "@sveltejs/kit": "2", "@sveltejs/adapter-auto": "7" } }),
    },
    expected: { command: "node build", output: undefined },
  },
  {
    what: "Nest as it comes, whose start script compiles",
    files: {
      "package.json": pack({
        scripts: { build: "nest build", start: "nest start", "start:prod": "node dist/main" },
        dependencies: { "@nestjs/core": "12" },
      }),
    },
    expected: { build: "npm run build", command: "node dist/main" },
  },
  {
    what: "Nest without a script for production",
    files: { "package.json": pack({ scripts: { build: "nest build", start: "nest start" }, dependencies: { "@nestjs/core": "12" } }) },
    expected: { command: "node dist/main.js" },
  },
  {
    what: "a start script that is another one, of a development server",
    files: { "package.json": pack({ scripts: { dev: "PORT=3000 next dev", start: "npm run dev", build: "next build" }, dependencies: { next: "16" } }) },
    expected: { command: "next start" },
  },
  {
    what: "a start script that is another one, of a server",
    files: { "package.json": pack({ scripts: { serve: "node a.js", start: "npm run serve" } }) },
    expected: { command: "npm run serve" },
  },
  {
    what: "Nuxt with a server",
    files: { "package.json": pack({ scripts: { build: "nuxt build", generate: "nuxt generate" }, dependencies: { nuxt: "4" } }) },
    expected: { command: "node .output/server/index.mjs", output: undefined },
  },
  {
    what: "Nuxt, generated",
    files: { "package.json": pack({ scripts: { build: "nuxt generate" }, dependencies: { nuxt: "4" } }) },
    expected: { command: site, output: [".output/public", "dist"] },
  },
  {
    what: "React Router without a server",
    files: {
      "package.json": pack({ scripts: { build: "react-router build" }, devDependencies: { "@react-router/dev": "7", vite: "7" } }),
      "react-router.config.ts": "export default { ssr: false };",
    },
    expected: { command: spa, output: ["build/client"] },
  },
  {
    what: "Heroku's build script",
    files: { "package.json": pack({ scripts: { ...start, "heroku-postbuild": "cd client && npm ci", build: "x" } }) },
    expected: { build: "npm run heroku-postbuild", command: "node server.js" },
  },
  {
    what: "an entry file in TypeScript below src",
    files: { "package.json": "{}", "src/index.ts": "" },
    expected: { command: ["node", "src/index.ts"] },
  },
  {
    what: "a build of no framework",
    files: { "package.json": pack({ scripts: { build: "node make.js" } }), "make.js": "" },
    expected: { command: site, output: ["dist", "build", "out", "public", "_site"] },
  },
  {
    what: "a named output folder",
    files: { "package.json": pack({ scripts: { build: "x" } }) },
    config: { build: { output: "site" } },
    expected: { output: ["site"] },
  },
  {
    what: "a dependency from a repository brings git",
    files: { "package.json": pack({ scripts: start, dependencies: { a: "github:a/b#main" } }) },
    expected: { tools: ["node", "npm", "git"], runtime: ["node"] },
  },
  {
    what: "a dependency of a dependency from a repository brings git",
    files: { "package.json": pack({ scripts: start, dependencies }), "package-lock.json": '{"resolved":"git+ssh://git@host/a.git#1"}' },
    expected: { tools: ["node", "npm", "git"] },
  },
  { what: "a byte order mark", files: { "package.json": `\uFEFF${pack({ scripts: start })}` }, expected: { command: "node server.js" } },
];

for (const { what, files, config = {}, expected } of cases)
  test(what, () => {
    const found = summary(planOf(memoryTree(files), config));
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(found[key as keyof Expected], value, key);
  });

const failures: readonly { what: string; files: Files; code: string; file?: string }[] = [
  { what: "nothing to start", files: { "package.json": "{}" }, code: "no_start_command", file: "package.json" },
  { what: "a package file that is not JSON", files: { "package.json": "{,}" }, code: "build_failed", file: "package.json" },
  { what: "a package file of another shape", files: { "package.json": '{"scripts": 3}' }, code: "build_failed", file: "package.json" },
  { what: "a tree that no buildpack knows", files: { "README.md": "" }, code: "no_buildpack" },
];

for (const { what, files, code, file } of failures)
  test(`${what} is ${code}`, () =>
    assert.throws(
      () => planOf(memoryTree(files), {}),
      (error) => error instanceof SlipError && error.code === code && error.details.file === file,
    ));

test("the sandbox protects, so npm allows what it does, unless the package has a policy of its own", () => {
  const allowed = (file: object, npmrc = ""): string[] => {
    const tree = memoryTree({ "package.json": pack({ scripts: start, dependencies, ...file }), ".npmrc": npmrc });
    return Object.keys(planOf(tree, {}).install?.env ?? {}).filter((name) => name.includes("allow"));
  };
  assert.deepEqual(allowed({}), ["npm_config_dangerously_allow_all_scripts", "npm_config_allow_git", "npm_config_allow_remote"]);
  assert.deepEqual(allowed({ allowScripts: { a: true } }), ["npm_config_allow_git", "npm_config_allow_remote"]);
  assert.deepEqual(allowed({}, "allow-git=none\n"), ["npm_config_dangerously_allow_all_scripts", "npm_config_allow_remote"]);
});

test("pnpm runs the scripts of dependencies too, unless the package says of which", () => {
  const allowed = (files: Files): string[] =>
    Object.keys(planOf(memoryTree({ "package.json": pack({ scripts: start, dependencies }), "pnpm-lock.yaml": "", ...files }), {}).install?.env ?? {}).filter(
      (name) => name.includes("allow"),
    );
  assert.deepEqual(allowed({}), ["npm_config_dangerously_allow_all_builds", "pnpm_config_dangerously_allow_all_builds"]);
  assert.deepEqual(allowed({ "pnpm-workspace.yaml": "onlyBuiltDependencies:\n  - sharp\n" }), []);
  assert.deepEqual(allowed({ "package.json": pack({ scripts: start, dependencies, pnpm: { neverBuiltDependencies: [] } }) }), []);
});

test("a build is one for production, in which installs are complete", () => {
  const { NODE_ENV, npm_config_include } = planOf(memoryTree({ "package.json": pack({ scripts: { build: "x", ...start } }) }), {}).build?.env ?? {};
  assert.deepEqual([NODE_ENV, npm_config_include], ["production", "dev"]);
});

test("SvelteKit's adapter that adapts itself is told of a place where it makes a server", () => {
  const env = (adapter: string): unknown =>
    planOf(memoryTree({ "package.json": pack({ scripts: { build: "vite build", ...start }, devDependencies: { [adapter]: "7" } }) }), {}).build?.env
      .GCP_BUILDPACKS;
  assert.deepEqual([env("@sveltejs/adapter-auto"), env("@sveltejs/adapter-node")], ["true", undefined]);
});

test("a report of nothing to start names the files that open a port, and no others", () => {
  const actions = (files: Files): readonly string[] => {
    try {
      planOf(memoryTree(files), {});
    } catch (error) {
      return error instanceof SlipError ? error.nextActions : [];
    }
    return [];
  };
  assert.equal(
    actions({ "package.json": "{}", "web.js": "http.createServer().listen(3000)", "tools.js": "console.log(1)" })[0],
    'Set [run] command = "node web.js" in slip.toml.',
  );
  assert.ok(actions({ "package.json": "{}", "tools.js": "console.log(1)" }).every((action) => !action.includes("tools.js")));
  assert.equal(actions({ "web/package.json": "{}", "README.md": "" })[0], "Deploy the folder alone: 'slip deploy SOURCE --subfolder web'.");
  assert.equal(actions({ "go.mod": "" }).length, 2);
  assert.equal(
    actions({
      "package.json": pack({ workspaces: ["apps/*"] }),
      "apps/api/package.json": pack({ scripts: start }),
      "apps/web/package.json": pack({ scripts: start }),
    })[0],
    `Deploy that package: 'slip deploy SOURCE --subfolder apps/api', or set [build] package = "apps/api" in slip.toml.`,
  );
  assert.equal(
    actions({ "package.json": pack({ scripts: { build: "vite build" }, devDependencies: { "@sveltejs/kit": "2", "@sveltejs/adapter-vercel": "5" } }) })[0],
    "Use the adapter @sveltejs/adapter-node.",
  );
});

test("what a framework needs for a server is told: an adapter of Qwik's, Nitro for TanStack Start", () => {
  const told = (name: string): string => {
    try {
      planOf(memoryTree({ "package.json": pack({ scripts: { build: "vite build", start: "vite" }, devDependencies: { [name]: "1", vite: "7" } }) }), {});
    } catch (error) {
      if (error instanceof SlipError) return `${error.code} ${error.nextActions[0]}`;
    }
    return "nothing";
  };
  assert.match(told("@builder.io/qwik-city"), /^no_start_command .*qwik add node-server/);
  assert.match(told("@tanstack/react-start"), /^no_start_command .*nitro/);
});
