import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { keyOf, type Recipe, recipeOf, type Start, sparesIn, wantedSpares } from "./recipe.ts";

const folder = mkdtempSync(join(tmpdir(), "slip-recipe-"));
after(() => rmSync(folder, { recursive: true }));

const layer = (name: string, ...paths: string[]): string => {
  for (const path of paths) {
    mkdirSync(join(folder, name, path, ".."), { recursive: true });
    writeFileSync(join(folder, name, path), "");
  }
  return join(folder, name);
};
const [base, node, packages, app] = [
  layer("base", "bin/sh", "etc/hosts"),
  layer("node", "usr/local/bin/node"),
  layer("packages", "app/node_modules/a/index.js"),
  layer("app", "app/server.js"),
];

const start = (more: Partial<Start> = {}, layers = [base, node, packages, app], cwd = "/app"): Start => ({
  spec: { memoryBytes: 1_000, cpus: 1 },
  image: { digest: "sha256:0", layers, config: { args: [], env: {}, cwd, port: 3_000 } },
  kind: "runc",
  args: ["node", "server.js"],
  env: { LANG: "C.UTF-8", PATH: "/app/node_modules/.bin:/bin", PORT: "3000", SECRET: "s3cret", NODE_ENV: "production" },
  ...more,
});

test("a recipe is what is below the app, what it may use, and what Node reads when it starts; nothing of the app", () => {
  const found = recipeOf(start());
  assert.deepEqual(found, {
    recipe: { runtime: "node", command: "node", kind: "runc", layers: [base, node], memoryBytes: 1_000, cpus: 1, env: { LANG: "C.UTF-8", PATH: "/bin" } },
    app: [packages, app],
  });
});

const [python, environment] = [layer("python", "usr/bin/python3"), layer("environment", "app/.venv/pyvenv.cfg", "app/main.py")];
const waitsIn = { runc: "/app/.venv/bin/python3", gvisor: "/run/python/bin/python3" };
for (const kind of ["runc", "gvisor"] as const)
  test(`Python waits in an environment as its app has one, and looks for nothing of the app: ${kind}`, () => {
    const env = { PATH: "/app/.venv/bin:/usr/bin", PYTHONPATH: "/app/lib:/usr/lib/own", PYTHONUNBUFFERED: "1", PORT: "3000" };
    const { recipe } = recipeOf(start({ kind, args: ["python3", "main.py"], env }, [base, python, environment])) ?? assert.fail();
    assert.deepEqual([recipe.runtime, recipe.command], ["python", waitsIn[kind]]);
    assert.deepEqual(recipe.env, { PATH: "/usr/bin", PYTHONPATH: "/usr/lib/own", PYTHONUNBUFFERED: "1" });
    const without = recipeOf(start({ kind, args: ["python3", "main.py"], env }, [base, python, app]));
    assert.equal(without?.recipe.command, "/usr/bin/python3");
  });

const others: readonly [string, Start][] = [
  ["another program", start({ args: ["python3", "main.py"] })],
  ["options of Node", start({ args: ["node", "--inspect", "server.js"] })],
  ["no file", start({ args: ["node"] })],
  ["another folder", start({}, undefined, "/srv")],
  ["variables that change what Node is", start({ env: { NODE_OPTIONS: "--require ./x.js" } })],
  ["variables that change what the linker does", start({ env: { LD_PRELOAD: "/app/x.so" } })],
  ["an app that is not in layers of its own", start({}, [base, layer("mixed", "app/server.js", "usr/local/bin/node")])],
  ["something above the app", start({}, [base, app, node])],
  ["no app", start({}, [base, node])],
  ["a Node of its own", start({}, [base, node, layer("own", "app/node_modules/.bin/node"), app])],
];
for (const [what, from] of others) test(`${what} has no recipe`, () => assert.equal(recipeOf(from), undefined));

const of = (more: Partial<Recipe>): Recipe => ({
  runtime: "node",
  command: "node",
  kind: "runc",
  layers: ["a"],
  memoryBytes: 1,
  cpus: 1,
  env: {},
  ...more,
});

test("recipes that differ in anything have different keys", () => {
  const all = [
    of({}),
    of({ runtime: "python" }),
    of({ command: "/usr/bin/python3" }),
    of({ kind: "gvisor" }),
    of({ layers: ["a", "b"] }),
    of({ memoryBytes: 2 }),
    of({ cpus: 2 }),
    of({ env: { TZ: "UTC" } }),
    of({ env: { TZ: "CET" } }),
  ];
  assert.equal(new Set(all.map(keyOf)).size, all.length);
  assert.equal(keyOf(of({})), keyOf(of({})));
});

test("those that wait are like those that were asked for last, as many as the memory holds", () => {
  const [one, two, three] = [of({ cpus: 1 }), of({ cpus: 2 }), of({ cpus: 3 })];
  assert.deepEqual(wantedSpares([one, two, three], 2), [two, three]);
  assert.deepEqual(wantedSpares([one], 2), [one]);
  assert.deepEqual(wantedSpares([one], 0), []);
  const limits = { spares: 2, percent: 5, each: 64 };
  assert.deepEqual(
    [10_000, 2_000, 1_000].map((free) => sparesIn(free, limits)),
    [2, 1, 0],
  );
});
