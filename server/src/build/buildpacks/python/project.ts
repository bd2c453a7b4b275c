// What the files of a Python project say: its dependencies and the Python that it asks for.
import { posix } from "node:path";
import { SlipError } from "@slipstream/contract/errors.ts";
import { mistakeOf } from "@slipstream/contract/expectation.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { ParseError } from "toml-eslint-parser";
import { z } from "zod";
import { readToml } from "../../toml.ts";
import { inlineScript } from "./inline-metadata.ts";

const Pyproject = z.object({
  project: z
    .object({
      name: z.string().optional(),
      dependencies: z.array(z.string()).default([]),
      "requires-python": z.string().optional(),
      dynamic: z.array(z.string()).default([]),
      scripts: z.record(z.string(), z.unknown()).default({}),
    })
    .optional(),
  "build-system": z.unknown().optional(),
  tool: z
    .object({
      poetry: z.object({ dependencies: z.record(z.string(), z.unknown()).default({}) }).optional(),
      uv: z.object({ sources: z.record(z.string(), z.unknown()).default({}) }).optional(),
    })
    .optional(),
});
export type Pyproject = z.infer<typeof Pyproject>;

/** Throws `build_failed` with the file, and the line of pyproject.toml, when it is not TOML, or not what PEP 621 says. */
const parsed = (text: string, file: string): Pyproject => {
  const wrong = (message: string, line?: number): SlipError =>
    new SlipError("build_failed", `${file}: ${message}`, {
      file,
      ...(line === undefined || file !== "pyproject.toml" ? {} : { line }),
      next: `Correct ${file}.`,
    });
  try {
    const result = Pyproject.safeParse(readToml(text).value);
    if (result.success) return result.data;
    throw wrong(mistakeOf(result.error.issues[0]));
  } catch (error) {
    if (error instanceof ParseError) throw wrong(error.message, error.lineNumber);
    throw error;
  }
};

/** Files that say what a project needs: beside them nobody reads what a script says of itself. */
const ofProject: readonly string[] = ["requirements.txt", "uv.lock", "poetry.lock", "Pipfile", "Pipfile.lock", "setup.py"];

const ofScript = (tree: SourceTree): Pyproject | undefined => {
  const script = ofProject.some((path) => tree.paths.includes(path)) ? undefined : inlineScript(tree);
  // The table of a script has the keys of [project] at its top.
  return script && parsed(`[project]\n${script.toml}`, script.path);
};

/** pyproject.toml, else what a script says of itself; undefined without either. Throws `build_failed` where it cannot be read. */
export const readPyproject = (tree: SourceTree): Pyproject | undefined => {
  const text = tree.read("pyproject.toml");
  return text === undefined ? ofScript(tree) : parsed(text, "pyproject.toml");
};

const meaningful = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");

/** The folder of those who have a file for each place: that of a release first. */
const ofPlaces: readonly string[] = ["production", "prod", "base", "main", "common", "requirements"].map((name) => `requirements/${name}.txt`);

/** What pip installs by; undefined where there is none, or another file says what the project needs. */
export const requirementsFile = (tree: SourceTree): string | undefined => {
  if (tree.paths.includes("requirements.txt")) return "requirements.txt";
  const isSaid = ofProject.some((path) => tree.paths.includes(path)) || /^\[(?:project|tool\.poetry)\b/m.test(tree.read("pyproject.toml") ?? "");
  return isSaid ? undefined : ofPlaces.find((path) => tree.paths.includes(path));
};

const linesOf = (tree: SourceTree, file: string, above: readonly string[] = []): string[] =>
  meaningful(tree.read(file) ?? "").flatMap((line) => {
    const other = /^(?:-r|--requirement)[\s=]*(\S+)$/.exec(line)?.[1];
    const path = other === undefined ? undefined : posix.join(posix.dirname(file), other);
    return path === undefined || path === file || above.includes(path) ? [line] : linesOf(tree, path, [...above, file]);
  });

/** The lines of it that ask for something, with those of the files that it names. */
export const requirements = (tree: SourceTree): string[] => {
  const file = requirementsFile(tree);
  return file === undefined ? [] : linesOf(tree, file);
};

/** Names of distributions are compared as PEP 503 says. */
export const normalized = (requirement: string): string => (/^[\w.-]+/.exec(requirement)?.[0] ?? "").toLowerCase().replace(/[-_.]+/g, "-");

/** Whether the project asks for a distribution itself, by any of its files. */
export const asksFor = (tree: SourceTree, project: Pyproject | undefined, name: string): boolean => {
  const all = [
    ...requirements(tree),
    ...(project?.project?.dependencies ?? []),
    ...Object.keys(project?.tool?.poetry?.dependencies ?? {}),
    ...Object.keys(pipfilePackages(tree) ?? {}),
  ];
  return (
    all.some((requirement) => normalized(requirement) === name) ||
    new RegExp(`^name = "${name}"$`, "m").test(tree.read("uv.lock") ?? tree.read("poetry.lock") ?? "")
  );
};

const Pipfile = z.object({ packages: z.record(z.string(), z.unknown()).default({}) });

/** [packages] of a Pipfile; undefined without the file, or where it is none. */
export const pipfilePackages = (tree: SourceTree): Record<string, unknown> | undefined => {
  const text = tree.read("Pipfile");
  if (text === undefined) return undefined;
  try {
    return Pipfile.safeParse(readToml(text).value).data?.packages;
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
};

/** Whether it has commands of its own, which are there once it is installed itself. */
export const bringsCommands = (project: Pyproject | undefined): boolean =>
  project?.["build-system"] !== undefined && Object.keys(project.project?.scripts ?? {}).length > 0;

/** A version of Python as the project asks for it, in the words of PEP 440; "default" when it does not. */
export const pythonWanted = (tree: SourceTree, project: Pyproject | undefined): string => {
  const pinned = /^(?:python-)?(\d+\.\d+)(?:\.\d+)?\s*$/m.exec(tree.read(".python-version") ?? tree.read("runtime.txt") ?? "")?.[1];
  if (pinned !== undefined) return `==${pinned}.*`;
  const poetry = project?.tool?.poetry?.dependencies.python;
  return project?.project?.["requires-python"] ?? (typeof poetry === "string" ? poetry : "default");
};
