// The install step of a Python project: a virtual environment in /app/.venv.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { InstallStep, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { editableInputs } from "./editable.ts";
import { inlineScript } from "./inline-metadata.ts";
import { declaredRequirements, lockedRequirements } from "./poetry.ts";
import { bringsCommands, type Pyproject, pipfilePackages, requirements, requirementsFile } from "./project.ts";

/** Scripts read what they install from their arguments, so nothing of the project is ever part of a script. */
const environment = "python3 -m venv --without-pip --symlinks .venv";
const pip = 'PYTHONPATH=/opt/pip.whl .venv/bin/python -m pip install --no-compile --disable-pip-version-check "$@"';
/** Compiled code that is not checked against the time of its source is the same each time, and valid in the artifact. */
const compile = ".venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash .venv/lib >/dev/null 2>&1 || :";
/** The installer of a lock file is only there while it installs. */
const tool = (name: string): string =>
  `python3 -m venv --without-pip --symlinks /scratch/tool && PYTHONPATH=/opt/pip.whl /scratch/tool/bin/python -m pip install --quiet --disable-pip-version-check ${name}`;
const uv = (project: Pyproject | undefined, flags: string): string =>
  `${tool("uv")} && /scratch/tool/bin/uv sync ${flags}--no-dev${bringsCommands(project) ? "" : " --no-install-project"}`;
const uvScript = `${tool("uv")} && VIRTUAL_ENV=/app/.venv /scratch/tool/bin/uv sync --active --script "$1"`;
const poetry = `${tool("poetry")} && VIRTUAL_ENV=/app/.venv /scratch/tool/bin/poetry install --only main --no-root --no-interaction --no-ansi`;
const pipenv = (flags: string): string => `${tool("pipenv")} && VIRTUAL_ENV=/app/.venv /scratch/tool/bin/pipenv install ${flags}`;
/** Each argument is one line of a requirements file, whose hashes pip then insists on. */
const hashed = `printf '%s\\n' "$@" > /scratch/requirements.txt
PYTHONPATH=/opt/pip.whl .venv/bin/python -m pip install --no-compile --disable-pip-version-check --no-deps --require-hashes -r /scratch/requirements.txt`;
const tidy = "find .venv -name direct_url.json -path '*dist-info*' -delete";

const env: Readonly<Record<string, string>> = {
  PIP_CACHE_DIR: "/cache/pip",
  PIP_NO_INPUT: "1",
  PIP_PROGRESS_BAR: "off",
  PIPENV_IGNORE_VIRTUALENVS: "0",
  PIPENV_VERBOSITY: "-1",
  POETRY_CACHE_DIR: "/cache/poetry",
  POETRY_VIRTUALENVS_CREATE: "false",
  UV_CACHE_DIR: "/cache/uv",
  UV_LINK_MODE: "copy",
  UV_PYTHON: "/usr/bin/python3",
  UV_PYTHON_DOWNLOADS: "never",
  UV_PROJECT_ENVIRONMENT: "/app/.venv",
};

const shell = (lines: readonly string[], words: readonly string[]): string[] => ["/bin/sh", "-ec", lines.join("\n"), "sh", ...words];

interface Install {
  name: string;
  lines: string[];
  words: string[];
  inputs: InstallStep["inputs"];
}

/** Files that a requirements file may name, and those that pip reads of itself. */
const requirementFiles = (tree: SourceTree): InstallStep["inputs"] =>
  requirements(tree).some((line) => /^(-e|--editable|\.|file:)/.test(line))
    ? "all"
    : tree.paths.filter((path) => /(^|\/)[\w.-]*(requirements|constraints)[\w.-]*\.(txt|in)$|(^|\/)requirements\/[\w.-]+\.txt$/.test(path));

/** Poetry's files, read by pip where it can: Poetry itself is there only for what pip cannot say. */
const byPoetry = (tree: SourceTree, project: Pyproject | undefined, extra: readonly string[]): Install => {
  const lock = tree.read("poetry.lock");
  const inputs = ["pyproject.toml", "poetry.lock"];
  const locked = lock === undefined ? undefined : lockedRequirements(lock);
  if (locked)
    return {
      name: "pip install, by poetry.lock",
      lines: [environment, hashed, ...(extra.length > 0 ? [`set -- ${extra.join(" ")}`, pip] : []), compile],
      words: locked,
      inputs,
    };
  const declared = lock === undefined ? declaredRequirements(project?.tool?.poetry?.dependencies ?? {}) : undefined;
  if (declared) return { name: "pip install", lines: [environment, pip, tidy, compile], words: ["--", ...declared, ...extra], inputs: [] };
  return { name: "poetry install", lines: [environment, poetry, ...(extra.length > 0 ? [pip] : []), compile], words: [...extra], inputs };
};

/** Members of a workspace and packages of a folder are installed from their own files. */
const uvInputs = (tree: SourceTree, project: Pyproject | undefined): InstallStep["inputs"] =>
  bringsCommands(project) || /\bsource = \{ (?:editable|directory|path) = "(?!\.")/.test(tree.read("uv.lock") ?? "")
    ? editableInputs(tree)
    : ["pyproject.toml", "uv.lock"];

/** Where packages come from is known to uv alone: pip would take what a registry has by the same names. */
const bySources = (tree: SourceTree, project: Pyproject | undefined, extra: readonly string[]): Install | undefined => {
  if (Object.keys(project?.tool?.uv?.sources ?? {}).length === 0) return undefined;
  const more = extra.length > 0 ? [pip] : [];
  const script = tree.paths.includes("pyproject.toml") ? undefined : inlineScript(tree)?.path;
  if (script === undefined) return { name: "uv sync", lines: [environment, uv(project, ""), ...more, compile], words: [...extra], inputs: "all" };
  return { name: `uv sync --script ${script}`, lines: [environment, uvScript, "shift", ...more, compile], words: [script, ...extra], inputs: "all" };
};

/** A package of a workspace, and those of the others that it needs, by the lock file at the top. */
const ofWorkspace = (tree: SourceTree, project: Pyproject | undefined, extra: readonly string[]): Install => {
  const name = project?.project?.name ?? "";
  const flags = `${tree.paths.includes("uv.lock") ? "--frozen " : ""}--package "$1" `;
  return {
    name: `uv sync --package ${name}`,
    lines: [environment, uv(project, flags), "shift", ...(extra.length > 0 ? [pip] : []), compile],
    words: [name, ...extra],
    inputs: "all",
  };
};

/** By the lock file, where there is one. */
const byLock = (tree: SourceTree, project: Pyproject | undefined, extra: readonly string[]): Install | undefined => {
  const withExtra = (line: string): string[] => [environment, line, ...(extra.length > 0 ? [pip] : []), compile];
  if (tree.paths.includes("uv.lock"))
    return { name: "uv sync", lines: withExtra(uv(project, "--frozen ")), words: [...extra], inputs: uvInputs(tree, project) };
  if (tree.paths.includes("Pipfile.lock"))
    return { name: "pipenv install", lines: withExtra(pipenv("--deploy --ignore-pipfile")), words: [...extra], inputs: ["Pipfile", "Pipfile.lock"] };
  if (tree.paths.includes("poetry.lock") || (project?.tool?.poetry !== undefined && project.project === undefined)) return byPoetry(tree, project, extra);
  return undefined;
};

/** A Pipfile without its lock file, by pip where it can say what that asks for. */
const byPipfile = (tree: SourceTree, extra: readonly string[]): Install | undefined => {
  const packages = pipfilePackages(tree);
  if (packages === undefined) return undefined;
  const declared = declaredRequirements(packages);
  const words = [...(declared ?? []), ...extra];
  if (declared)
    return words.length === 0 ? undefined : { name: "pip install, by Pipfile", lines: [environment, pip, tidy, compile], words: ["--", ...words], inputs: [] };
  return {
    name: "pipenv install",
    lines: [environment, pipenv("--skip-lock"), ...(extra.length > 0 ? [pip] : []), compile],
    words: [...extra],
    inputs: ["Pipfile"],
  };
};

const chosen = (tree: SourceTree, project: Pyproject | undefined, extra: readonly string[]): Install | undefined => {
  if (tree.workspace === "uv") return ofWorkspace(tree, project, extra);
  const usual = [environment, pip, tidy, compile];
  const file = requirements(tree).length > 0 && !tree.paths.includes("uv.lock") ? requirementsFile(tree) : undefined;
  if (file !== undefined) return { name: `pip install -r ${file}`, lines: usual, words: ["-r", file, ...extra], inputs: requirementFiles(tree) };
  const locked = byLock(tree, project, extra);
  if (locked) return locked;
  if (tree.paths.includes("Pipfile")) return byPipfile(tree, extra);
  const sources = bySources(tree, project, extra);
  if (sources) return sources;
  if (project?.project?.dynamic.includes("dependencies") || (project?.project === undefined && tree.paths.includes("setup.py")))
    return { name: "pip install .", lines: usual, words: [".", ...extra], inputs: "all" };
  const words = [...(project?.project?.dependencies ?? []), ...extra];
  return words.length === 0 ? undefined : { name: "pip install", lines: usual, words: ["--", ...words], inputs: [] };
};

/** `extra` are distributions that the start needs besides what the project asks for. Undefined when there is nothing to install. */
export const installOf = (tree: SourceTree, project: Pyproject | undefined, extra: readonly string[], config: AppConfig): InstallStep | undefined => {
  const own = config.build?.install;
  if (own !== undefined) return { name: typeof own === "string" ? own : own.join(" "), command: own, env, failure: "install_failed", inputs: "all" };
  const install = chosen(tree, project, extra);
  return install && { name: install.name, command: shell(install.lines, install.words), env, failure: "install_failed", inputs: install.inputs };
};
