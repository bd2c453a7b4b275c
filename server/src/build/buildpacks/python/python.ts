// Python: requirements.txt, pyproject.toml or uv.lock; WSGI and ASGI apps, and scripts.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Buildpack, BuildStep, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { names } from "#platform/command.ts";
import { portOf } from "../port.ts";
import { webCommand } from "../procfile.ts";
import { installOf } from "./install.ts";
import { asksFor, type Pyproject, pythonWanted, readPyproject } from "./project.ts";
import { impliedStart, type PythonStart } from "./start.ts";

const marks: readonly string[] = ["requirements.txt", "pyproject.toml", "uv.lock", "Pipfile", "setup.py", "main.py", "app.py"];

/** Scripts that do something when they are run themselves. */
const scripts = (tree: SourceTree): string[] =>
  tree.paths.filter((path) => /^[\w-]+\.py$/.test(path) && /__name__ == ['"]__main__['"]|\bserve_forever\(/.test(tree.read(path) ?? ""));

const noStart = (tree: SourceTree): SlipError => {
  const found = scripts(tree);
  return new SlipError("no_start_command", "There is no WSGI or ASGI app, no main.py or app.py, no Procfile and no [run] command.", {
    ...(found.length === 0 ? {} : { cause: `Nothing says that ${found[0]} is what starts.` }),
    next: [
      ...found.slice(0, 2).map((path) => `Set [run] command = "python3 ${path}" in slip.toml.`),
      "Add a Procfile with a line that begins with 'web:', or set [run] command in slip.toml.",
    ],
  });
};

const startOf = (tree: SourceTree, config: AppConfig): PythonStart => {
  const declared = config.run?.command ?? webCommand(tree);
  if (declared !== undefined) return { command: declared, server: (["gunicorn", "uvicorn"] as const).find((name) => names(declared, name)) };
  const implied = impliedStart(tree);
  if (!implied) throw noStart(tree);
  return implied;
};

const extraOf = (tree: SourceTree, project: Pyproject | undefined, { server }: PythonStart): string[] =>
  server === undefined || asksFor(tree, project, server) ? [] : [server];

const buildOf = ({ build }: AppConfig): BuildStep | undefined =>
  build?.command === undefined
    ? undefined
    : { name: typeof build.command === "string" ? build.command : build.command.join(" "), command: build.command, env: {}, failure: "build_failed" };

const needsGit = (tree: SourceTree): boolean =>
  ["requirements.txt", "pyproject.toml", "uv.lock"].some((path) => /\bgit\+(https|ssh):|\bgit = /.test(tree.read(path) ?? ""));

const hasSourceFolder = (tree: SourceTree): boolean => tree.paths.some((path) => path.startsWith("src/") && path.endsWith(".py"));

export const python: Buildpack = {
  name: "python",
  detect: (tree) => marks.find((path) => tree.paths.includes(path)),
  plan(tree, config) {
    const project = readPyproject(tree);
    const start = startOf(tree, config);
    const runtime = [{ name: "python" as const, version: pythonWanted(tree, project) }];
    return {
      buildpack: "python",
      runtime,
      tools: needsGit(tree) ? [...runtime, { name: "git", version: "default" }] : runtime,
      install: installOf(tree, project, extraOf(tree, project, start), config),
      build: buildOf(config),
      output: config.build?.output === undefined ? undefined : [config.build.output],
      process: {
        command: start.command,
        env: { PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1", ...(hasSourceFolder(tree) ? { PYTHONPATH: "/app/src" } : {}) },
        port: portOf(config),
      },
    };
  },
};
