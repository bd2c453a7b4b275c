// The install step of a Python project: a virtual environment in /app/.venv.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { InstallStep, SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { type Pyproject, requirements } from "./project.ts";

/** Scripts read what they install from their arguments, so nothing of the project is ever part of a script. */
const environment = "python3 -m venv --without-pip --symlinks .venv";
const pip = 'PYTHONPATH=/opt/pip.whl .venv/bin/python -m pip install --no-compile --disable-pip-version-check "$@"';
/** Compiled code that is not checked against the time of its source is the same each time, and valid in the artifact. */
const compile = ".venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash .venv/lib >/dev/null 2>&1 || :";
const uv = `PYTHONPATH=/opt/pip.whl python3 -m pip install --quiet --target /scratch/uv --disable-pip-version-check uv
/scratch/uv/bin/uv sync --frozen --no-dev --no-install-project`;
const tidy = "find .venv -name direct_url.json -path '*dist-info*' -delete";

const env: Readonly<Record<string, string>> = {
  PIP_CACHE_DIR: "/cache/pip",
  PIP_NO_INPUT: "1",
  PIP_PROGRESS_BAR: "off",
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

const chosen = (tree: SourceTree, project: Pyproject | undefined, extra: readonly string[]): Install | undefined => {
  const usual = [environment, pip, tidy, compile];
  if (tree.paths.includes("uv.lock"))
    return { name: "uv sync", lines: [environment, uv, ...(extra.length > 0 ? [pip] : []), compile], words: [...extra], inputs: ["pyproject.toml", "uv.lock"] };
  if (requirements(tree).length > 0)
    return { name: "pip install -r requirements.txt", lines: usual, words: ["-r", "requirements.txt", ...extra], inputs: requirementFiles(tree) };
  if (project?.tool?.poetry !== undefined && project.project === undefined)
    return { name: "pip install .", lines: usual, words: [".", ...extra], inputs: "all" };
  if (project?.project?.dynamic.includes("dependencies")) return { name: "pip install .", lines: usual, words: [".", ...extra], inputs: "all" };
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
