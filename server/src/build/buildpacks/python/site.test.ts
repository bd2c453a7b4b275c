import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { BuildPlan } from "@slipstream/contract/ports/buildpack.ts";
import { memoryTree } from "../../testing/memory-tree.ts";
import { planOf } from "../list.ts";

type Files = Record<string, string>;
const plan = (files: Files, config: AppConfig = {}): BuildPlan => planOf(memoryTree(files), config);
const words = ({ install }: BuildPlan): string[] => [...(install?.command ?? [])].slice(4);

const sites: readonly [what: string, files: Files, build: string, output: string, install: string[]][] = [
  ["MkDocs without another file", { "mkdocs.yml": "site_name: x\n", "docs/index.md": "" }, "mkdocs build", "site", ["--", "mkdocs"]],
  [
    "MkDocs with Material and a folder of its own",
    { "mkdocs.yml": "theme:\n  name: material\nsite_dir: public\n", "requirements.txt": "mkdocs-material==9\n" },
    "mkdocs build",
    "public",
    ["-r", "requirements.txt"],
  ],
  [
    "Pelican, whose script is a help for it",
    { "pelicanconf.py": "", "publishconf.py": "", "tasks.py": "", "main.py": "", "requirements.txt": "pelican[markdown]" },
    "pelican --settings publishconf.py --output output",
    "output",
    ["-r", "requirements.txt"],
  ],
  ["Lektor", { "blog.lektorproject": "", "requirements.txt": "lektor" }, "lektor build --output-path site", "site", ["-r", "requirements.txt"]],
  [
    "Sphinx, with what its settings need",
    { "docs/source/conf.py": "", "requirements.txt": "furo" },
    "sphinx-build -b html docs/source _build/html",
    "_build/html",
    ["-r", "requirements.txt", "sphinx"],
  ],
];

for (const [what, files, build, output, install] of sites)
  test(`${what} is built to a site, which is served without Python`, () => {
    const found = plan(files);
    assert.deepEqual([found.build?.name, found.output, words(found)], [build, [output], install]);
    assert.deepEqual([found.runtime.map(({ name }) => name), found.tools.map(({ name }) => name)], [["node", "static"], ["python"]]);
  });

test("what slip.toml says of the build stands over the generator, and is enough without one", () => {
  const found = plan({ "requirements.txt": "nikola" }, { build: { command: "nikola build", output: "out" } });
  assert.deepEqual([found.build?.command, found.output], ["nikola build", ["out"]]);
  assert.deepEqual(plan({ "mkdocs.yml": "" }, { build: { command: "make", output: "x" } }).output, ["x"]);
});

test("an app beside its documentation is the app", () => {
  const app = "from flask import Flask\napp = Flask(__name__)\n";
  const apps: readonly Files[] = [
    { "requirements.txt": "flask", "app.py": app },
    { "manage.py": "", "shop/wsgi.py": "" },
    { "main.py": "if __name__ == '__main__':\n  x()\n" },
  ];
  for (const files of apps) for (const settings of ["mkdocs.yml", "docs/conf.py"]) assert.equal(plan({ ...files, [settings]: "" }).output, undefined);
});
