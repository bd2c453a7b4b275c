// What a wrangler file says of a function, and what of it is not honoured here. Pure.

import { posix } from "node:path";
import { CronExpression } from "@slipstream/contract/cron.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { mistakeOf } from "@slipstream/contract/expectation.ts";
import { limit } from "@slipstream/contract/limits.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { VariableName } from "@slipstream/contract/words.ts";
import { ParseError } from "toml-eslint-parser";
import { z } from "zod";
import { readToml } from "../../toml.ts";
import { plainJson } from "./source-text.ts";

export interface Wrangler {
  main: string;
  compatibilityDate: string | undefined;
  compatibilityFlags: readonly string[] | undefined;
  crons: readonly string[];
  variables: Readonly<Record<string, string>>;
  notes: readonly string[];
}

const files: readonly string[] = ["wrangler.toml", "wrangler.json", "wrangler.jsonc"];

const WranglerFile = z.looseObject({
  main: z.string().min(1).max(1_024),
  compatibility_date: z.iso.date().optional(),
  compatibility_flags: z.array(z.string()).optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
  triggers: z.looseObject({ crons: z.array(z.string()).max(limit("schedules")).default([]) }).default({ crons: [] }),
});

/** Keys that say nothing of what a function can reach or how it is called. */
const harmless: readonly string[] = [
  ..."$schema name main compatibility_date compatibility_flags vars triggers account_id workers_dev preview_urls dev".split(" "),
  ..."observability logpush upload_source_maps keep_vars send_metrics minify tsconfig jsx_factory jsx_fragment placement".split(" "),
];

const parsed = (tree: SourceTree, file: string): unknown => {
  const text = (tree.read(file) ?? "").replace(/^\uFEFF/, "");
  return file.endsWith(".toml") ? readToml(text).value : JSON.parse(plainJson(text));
};

const isModule = (path: string): boolean => /\.([cm]?[jt]s|[jt]sx)$/.test(path);

/** The file with a Worker's `main`. One that cannot be read is one too, so that its mistake is told. */
export const wranglerFile = (tree: SourceTree): string | undefined =>
  files.find((file) => {
    if (!tree.paths.includes(file)) return false;
    try {
      const { data } = z.looseObject({ main: z.string() }).safeParse(parsed(tree, file));
      return data !== undefined && isModule(data.main);
    } catch {
      return /\bmain\b/.test(tree.read(file) ?? "");
    }
  });

const wrong = (file: string, message: string, line?: number): SlipError =>
  new SlipError("invalid_config", `${file}: ${message}`, { file, ...(line === undefined ? {} : { line }), next: `Correct ${file}.` });

const read = (tree: SourceTree, file: string): z.infer<typeof WranglerFile> => {
  try {
    const result = WranglerFile.safeParse(parsed(tree, file));
    if (result.success) return result.data;
    throw wrong(file, mistakeOf(result.error.issues[0]));
  } catch (error) {
    if (error instanceof SlipError) throw error;
    throw wrong(file, error instanceof Error ? error.message : String(error), error instanceof ParseError ? error.lineNumber : undefined);
  }
};

const isVariable = ([name, value]: [string, unknown]): boolean => VariableName.safeParse(name).success && typeof value === "string";

const isCron = (text: string): boolean => CronExpression.safeParse(text).success;

const notesOf = (file: string, found: z.infer<typeof WranglerFile>): string[] => {
  const unknown = Object.keys(found).filter((key) => !harmless.includes(key));
  const odd = Object.entries(found.vars).filter((entry) => !isVariable(entry));
  const notCron = found.triggers.crons.filter((cron) => !isCron(cron));
  const not = [...unknown, ...odd.map(([name]) => `vars.${name} (only text is passed on)`), ...notCron.map((cron) => `the cron trigger "${cron}"`)];
  return not.length === 0 ? [] : [`${file}: not honoured here: ${not.join(", ")}`];
};

/** Undefined where there is no wrangler file with a `main`. Throws `invalid_config` for one that is wrong. */
export const readWrangler = (tree: SourceTree): Wrangler | undefined => {
  const file = wranglerFile(tree);
  if (file === undefined) return undefined;
  const found = read(tree, file);
  const main = posix.normalize(found.main);
  if (main.startsWith("/") || main.startsWith("..")) throw wrong(file, `main: ${JSON.stringify(found.main)} is outside of the source.`);
  return {
    main,
    compatibilityDate: found.compatibility_date,
    compatibilityFlags: found.compatibility_flags,
    crons: found.triggers.crons.filter(isCron),
    variables: Object.fromEntries(
      Object.entries(found.vars).flatMap(([name, value]) => (typeof value === "string" && isVariable([name, value]) ? [[name, value]] : [])),
    ),
    notes: notesOf(file, found),
  };
};
