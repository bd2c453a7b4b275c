// Python: requirements.txt, pyproject.toml or uv.lock; WSGI and ASGI apps, and scripts.
import type { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { BuildPlan, Buildpack, BuildStep, SourceTree, Toolchain } from "@slipstream/contract/ports/buildpack.ts";
import { names } from "#platform/command.ts";
import { toldPort } from "../port.ts";
import { webCommand } from "../procfile.ts";
import { siteProcess } from "../static/site.ts";
import { condaAlone } from "./conda.ts";
import { refusedHosts } from "./django-hosts.ts";
import { inlineScript } from "./inline-metadata.ts";
import { installOf } from "./install.ts";
import { uvMembers, withoutMembers } from "./members.ts";
import { uvPackageView } from "./package-of-workspace.ts";
import { asksFor, type Pyproject, pythonWanted, readPyproject, requirementsFile } from "./project.ts";
import { pythonSite, siteSettings } from "./site.ts";
import { impliedStart, type PythonStart, runnable } from "./start.ts";

const marks: readonly string[] = [
  "requirements.txt",
  "pyproject.toml",
  "uv.lock",
  "Pipfile",
  "setup.py",
  "manage.py",
  "main.py",
  "app.py",
  "server.py",
  "wsgi.py",
];

/** Packages of a workspace that start something, by names that can stand in a command as they are. */
const startingMembers = (tree: SourceTree): string[] =>
  uvMembers(tree)
    .filter((folder) => /^[\w./-]+$/.test(folder) && impliedStart(uvPackageView(tree, folder), undefined) !== undefined)
    .slice(0, 3);

const noStart = (tree: SourceTree): SlipError => {
  const found = runnable(tree);
  return new SlipError("no_start_command", "There is no WSGI or ASGI app, no main.py or app.py, no Procfile and no [run] command.", {
    ...(found.length === 0 ? {} : { cause: `Nothing says that ${found[0]} is what starts.` }),
    next: [
      ...startingMembers(tree).map(
        (folder) => `Deploy that package: 'slip deploy SOURCE --subfolder ${folder}', or set [build] package = "${folder}" in slip.toml.`,
      ),
      ...(tree.paths.some((path) => path.endsWith(".ipynb")) ? ["Add voila to the dependencies: it shows the notebook as a page."] : []),
      ...found.slice(0, 2).map((path) => `Set [run] command = "python3 ${path}" in slip.toml.`),
      "Add a Procfile with a line that begins with 'web:', or set [run] command in slip.toml.",
    ],
  });
};

const startOf = (tree: SourceTree, project: Pyproject | undefined, config: AppConfig): PythonStart | undefined => {
  const declared = config.run?.command ?? webCommand(tree);
  if (declared !== undefined) return { command: declared, server: (["gunicorn", "uvicorn"] as const).find((name) => names(declared, name)) };
  const implied = impliedStart(withoutMembers(tree), project);
  return implied !== undefined && siteSettings(tree) !== undefined && onlyHelps(tree, implied) ? undefined : implied;
};

/** A file beside the settings of a generator that does nothing when it is run: that asks it for something. */
const onlyHelps = (tree: SourceTree, { command: [program, path = ""] }: PythonStart): boolean => program === "python3" && !runnable(tree).includes(path);

const extraOf = (tree: SourceTree, project: Pyproject | undefined, { server }: PythonStart): string[] =>
  server === undefined || asksFor(tree, project, server) ? [] : [server];

/** Fails without a word where settings need what only the running app has: the pages without their files say it then. */
const collect =
  "python manage.py collectstatic --noinput || echo 'collectstatic failed: the app has no static files. [build] env or command in slip.toml can mend it.'";

/** Django's static files are collected where its settings say into which folder. */
const collectsFiles = (tree: SourceTree): boolean =>
  tree.paths.includes("manage.py") &&
  tree.paths.some((path) => /(^|\/)settings(\.py|\/\w+\.py)$/.test(path) && /^STATIC_ROOT\s*=/m.test(tree.read(path) ?? ""));

const buildOf = (tree: SourceTree, { build }: AppConfig): BuildStep | undefined => {
  const command = build?.command ?? (collectsFiles(tree) ? collect : undefined);
  if (command === undefined) return undefined;
  const own = typeof command === "string" ? command : command.join(" ");
  return { name: command === collect ? "manage.py collectstatic" : own, command, env: {}, failure: "build_failed" };
};

/** Where servers that are not told by their command line listen. */
const addresses = (tree: SourceTree, project: Pyproject | undefined, port: number): Record<string, string> => {
  const variables: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["flask", { FLASK_RUN_HOST: "0.0.0.0", FLASK_RUN_PORT: `${port}` }],
    ["uvicorn", { UVICORN_HOST: "0.0.0.0", UVICORN_PORT: `${port}` }],
    ["streamlit", { STREAMLIT_SERVER_ADDRESS: "0.0.0.0", STREAMLIT_SERVER_PORT: `${port}`, STREAMLIT_SERVER_HEADLESS: "true" }],
    ["robyn", { ROBYN_HOST: "0.0.0.0", ROBYN_PORT: `${port}` }],
    ["gradio", { GRADIO_SERVER_NAME: "0.0.0.0", GRADIO_SERVER_PORT: `${port}` }],
  ];
  return Object.assign({}, ...variables.filter(([name]) => asksFor(tree, project, name)).map(([, all]) => all));
};

const needsGit = (tree: SourceTree): boolean =>
  [requirementsFile(tree) ?? "", "pyproject.toml", "uv.lock", inlineScript(tree)?.path ?? ""].some((path) =>
    /\bgit\+(https|ssh):|\bgit = /.test(tree.read(path) ?? ""),
  );

const hasSourceFolder = (tree: SourceTree): boolean => tree.paths.some((path) => path.startsWith("src/") && path.endsWith(".py"));

const toolsOf = (tree: SourceTree, project: Pyproject | undefined): Toolchain[] => [
  { name: "python", version: pythonWanted(tree, project) },
  ...(needsGit(tree) ? [{ name: "git" as const, version: "default" }] : []),
];

const asksForNothing = (tree: SourceTree, project: Pyproject | undefined, config: AppConfig): boolean => installOf(tree, project, [], config) === undefined;

/** Built by Python, served without it. */
const sitePlan = (tree: SourceTree, project: Pyproject | undefined, config: AppConfig): BuildPlan => {
  const site = pythonSite(tree, config);
  if (site === undefined) throw noStart(tree);
  const { command, output, brings } = site;
  const extra = brings.some((name) => asksFor(tree, project, name)) ? [] : brings.slice(0, 1);
  return {
    buildpack: "python",
    ...siteProcess(config, false),
    tools: toolsOf(tree, project),
    install: installOf(tree, project, extra, config),
    build: command === undefined ? undefined : { name: typeof command === "string" ? command : command.join(" "), command, env: {}, failure: "build_failed" },
    output: [output],
  };
};

export const python: Buildpack = {
  name: "python",
  detect: (tree) => marks.find((path) => tree.paths.includes(path)) ?? requirementsFile(tree) ?? inlineScript(tree)?.path ?? siteSettings(tree),
  plan(tree, config) {
    const project = readPyproject(tree);
    const start = startOf(tree, project, config);
    if (start === undefined) return sitePlan(tree, project, config);
    const { port, notes = [] } = toldPort(tree, config, start.command);
    const install = installOf(tree, project, extraOf(tree, project, start), config);
    const conda = asksForNothing(tree, project, config) ? condaAlone(tree) : undefined;
    if (conda) throw conda;
    return {
      buildpack: "python",
      notes: [...notes, ...refusedHosts(tree)],
      runtime: [{ name: "python", version: pythonWanted(tree, project) }],
      tools: toolsOf(tree, project),
      install,
      build: buildOf(tree, config),
      output: config.build?.output === undefined ? undefined : [config.build.output],
      process: {
        command: start.command,
        env: {
          PYTHONUNBUFFERED: "1",
          PYTHONDONTWRITEBYTECODE: "1",
          ...(hasSourceFolder(tree) ? { PYTHONPATH: "/app/src" } : {}),
          ...addresses(tree, project, port),
        },
        port,
      },
    };
  },
};
