// What an install reads of packages that stay where they are: uv notes where each begins, and the app has its files there.
import { posix } from "node:path";
import type { InstallStep, SourceTree } from "@slipstream/contract/ports/buildpack.ts";

/** Backends that look at names alone, unless they are told to do more. */
const plainBackend = /^build-backend\s*=\s*["'](?:uv_build|hatchling\.build)["']/m;
/** Other tables of hatch, other files by whatever name, and lists of files: each may ask for any of them. */
const doesMore: readonly RegExp[] = [
  /^\s*dynamic\s*=|^\[tool\.hatch\.(?!(?:build\.targets\.wheel|metadata)\]|envs\b)|^\[tool\.uv\.build-backend\.data\b/m,
  /^(?:sources|include|exclude|artifacts|only-include|force-include|dev-mode-\w+|license-files)\s*=/m,
  /^readme\s*=(?!\s*["'](?:[\w.-]+\/)*readme)|^license\s*=\s*\{\s*file\b/im,
];

/** Without a backend it is installed by nobody, unless uv is told that it is a package: then setuptools builds it. */
const isPlain = (text: string): boolean =>
  /^\[build-system\]/m.test(text) ? plainBackend.test(text) && !doesMore.some((pattern) => pattern.test(text)) : !/^package\s*=\s*true/m.test(text);

/** Folders that a package is said to be in; hatch finds nothing in one that begins with no file. */
const saidPackages = (text: string): string[] =>
  [...(/^packages\s*=\s*\[([^\]]*)\]/m.exec(text)?.[1] ?? "").matchAll(/["']([^"']+)["']/g)].map(([, path = ""]) => path);

const isFound = (tree: SourceTree, project: string): boolean =>
  saidPackages(tree.read(project) ?? "").every((path) => tree.paths.includes(posix.join(posix.dirname(project), path, "__init__.py")));

/** A package that is one module has its name. */
const moduleOf = (tree: SourceTree, project: string): string => {
  const name = /^name\s*=\s*["']([\w.-]+)["']/m.exec(tree.read(project) ?? "")?.[1] ?? "";
  return posix.join(posix.dirname(project), `${name.replace(/[-.]+/g, "_")}.py`);
};

/** A folder that is built to a wheel, whose files are then beside those of the registry: the lock file knows, where there is one. */
const isCopied = (tree: SourceTree, projects: readonly string[]): boolean => {
  const lock = tree.read("uv.lock");
  if (lock !== undefined) return /\bsource = \{ (?:directory|path) = /.test(lock);
  return projects.some((path) => /\bpath\s*=\s*["']|\beditable\s*=\s*false/.test(tree.read(path) ?? ""));
};

const decides = /(?:^|\/)(?:pyproject\.toml|uv\.lock|uv\.toml|\.python-version|__init__\.pyi?|(?:readme|licen[cs]e|copying|notice|authors)[^/]*)$/i;

/** All files, where one of the packages may ask for any of them. */
export const editableInputs = (tree: SourceTree): InstallStep["inputs"] => {
  const projects = tree.paths.filter((path) => /(?:^|\/)pyproject\.toml$/.test(path));
  if (isCopied(tree, projects)) return "all";
  const isKnown = projects.every((path) => isPlain(tree.read(path) ?? "") && isFound(tree, path));
  if (!isKnown || tree.paths.some((path) => /(?:^|\/)setup\.(?:py|cfg)$/.test(path))) return "all";
  const modules = new Set(projects.map((path) => moduleOf(tree, path)));
  return tree.paths.filter((path) => decides.test(path) || modules.has(path));
};
