// package.json, as far as a build needs it.

import { SlipError } from "@slipstream/contract/errors.ts";
import { mistakeOf } from "@slipstream/contract/expectation.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { z } from "zod";

const strings = z.record(z.string(), z.string()).default({});
const Wanted = z.object({ name: z.string(), version: z.string().optional() });
export const PackageFile = z.object({
  name: z.string().optional(),
  main: z.string().optional(),
  packageManager: z.string().optional(),
  /** What may be a list is of those that may be used; the first is preferred. */
  devEngines: z
    .object({ packageManager: z.union([Wanted, z.array(Wanted).transform(([first]) => first)]).optional() })
    .default({})
    .catch({}),
  engines: z.object({ node: z.string().optional() }).default({}).catch({}),
  scripts: strings,
  dependencies: strings,
  devDependencies: strings,
  optionalDependencies: strings,
  dependenciesMeta: z
    .record(z.string(), z.object({ injected: z.boolean().optional() }))
    .default({})
    .catch({}),
  bin: z.unknown().optional(),
  exports: z.unknown().optional(),
  types: z.unknown().optional(),
  files: z.unknown().optional(),
  workspaces: z.unknown().optional(),
  allowScripts: z.unknown().optional(),
});
export type PackageFile = z.infer<typeof PackageFile>;

const wrong = (message: string): SlipError => {
  const line = Number(/\(line (\d+) column \d+\)/.exec(message)?.[1] ?? 0);
  return new SlipError("build_failed", message, { file: "package.json", ...(line > 0 ? { line } : {}), next: "Correct package.json." });
};

/** What it says, or `build_failed` with the file's name when it is not what npm could read. */
export const parsePackageFile = (tree: SourceTree): PackageFile | SlipError => {
  let value: unknown;
  try {
    value = JSON.parse((tree.read("package.json") ?? "{}").replace(/^\uFEFF/, ""));
  } catch (error) {
    return wrong(`package.json is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = PackageFile.safeParse(value);
  if (parsed.success) return parsed.data;
  return wrong(`package.json: ${mistakeOf(parsed.error.issues[0])}`);
};

/** Throws where `parsePackageFile` gives an error. */
export const readPackageFile = (tree: SourceTree): PackageFile => {
  const file = parsePackageFile(tree);
  if (file instanceof SlipError) throw file;
  return file;
};

/** Whether a package is among the dependencies of any kind. */
export const dependsOn = (file: PackageFile, name: string): boolean =>
  name in file.dependencies || name in file.devDependencies || name in file.optionalDependencies;
