// slip.toml: text to AppConfig, with every mistake told by its line and key.

import { posix } from "node:path";
import { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { expectationOf } from "@slipstream/contract/expectation.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { ParseError } from "toml-eslint-parser";
import type { z } from "zod";
import { nearest } from "#platform/nearest.ts";
import { readToml } from "../toml.ts";
import { type KeyLines, keyLines } from "./key-lines.ts";
import { syntaxMistake } from "./syntax-mistake.ts";

const configFile = "slip.toml";

interface Mistake {
  line: number;
  /** Begins with the key's path, where there is one. */
  what: string;
}

const sentence = (file: string, { line, what }: Mistake): string => `${file}:${line}: ${what}`;

/** One mistake is the message; of several the first is, and all of them are evidence. */
const wrong = (file: string, mistakes: readonly [Mistake, ...Mistake[]]): SlipError => {
  const [first] = mistakes;
  const place = { file, line: first.line };
  if (mistakes.length === 1) return new SlipError("invalid_config", sentence(file, first), place);
  const evidence = mistakes.map((mistake) => sentence(file, mistake));
  const next = `Correct the ${mistakes.length} lines; docs/reference/slip.toml shows every key.`;
  return new SlipError("invalid_config", `${sentence(file, first)} (${mistakes.length} mistakes in all)`, { ...place, evidence, next });
};

/** The keys that a schema has at a path: what an unknown key could have been meant as. */
const keysAt = (schema: unknown, path: readonly PropertyKey[]): string[] => {
  const type = schema as { unwrap?: () => unknown; shape?: Record<string, unknown>; element?: unknown };
  if (typeof type.unwrap === "function" && type.shape === undefined && type.element === undefined) return keysAt(type.unwrap(), path);
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(type.shape ?? {});
  return keysAt(typeof key === "number" ? type.element : type.shape?.[String(key)], rest);
};

/** Where a key that stands in the wrong place, or is almost one that there is, belongs. */
const guess = (key: string, path: readonly PropertyKey[]): string => {
  const near = nearest(key, keysAt(AppConfig, path));
  if (near !== undefined) return `; did you mean "${near}"?`;
  const tables = ["build", "function", "run", "health", "sleep", "scale"].filter((table) => keysAt(AppConfig, [table]).includes(key));
  return tables.length === 0 ? "" : `; it belongs in ${tables.map((table) => `[${table}]`).join(" or ")}`;
};

const isCommand = (path: readonly PropertyKey[]): boolean => ["command", "install", "release_command"].includes(String(path.at(-1)));

const expectation = (issue: z.core.$ZodIssue): string => {
  if (issue.code === "invalid_union" && isCommand(issue.path)) return 'expected a command: one line such as "npm start", or a list of words';
  return expectationOf(issue);
};

const mistakesOf = (issue: z.core.$ZodIssue, lines: KeyLines): Mistake[] => {
  if (issue.code !== "unrecognized_keys") return [{ line: lines.of(issue.path), what: `${issue.path.join(".")}: ${expectation(issue)}` }];
  return issue.keys.map((key) => {
    const path = [...issue.path, key];
    return { line: lines.of(path), what: `${path.join(".")}: there is no such key${guess(key, issue.path)}` };
  });
};

/** Parses the text of a slip.toml. Throws SlipError `invalid_config` with file, line and key of each mistake. */
export const parseConfig = (text: string, file: string = configFile): AppConfig => {
  let value: unknown;
  let lines: KeyLines;
  try {
    const read = readToml(text);
    value = read.value;
    lines = keyLines(read.program);
  } catch (error) {
    if (error instanceof ParseError) throw wrong(file, [syntaxMistake(error, text)]);
    throw error;
  }
  const parsed = AppConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first = { line: 1, what: "it does not fit" }, ...others] = parsed.error.issues
    .flatMap((issue) => mistakesOf(issue, lines))
    .sort((a, b) => a.line - b.line);
  throw wrong(file, [first, ...others]);
};

const parsedAt = (tree: SourceTree, file: string): AppConfig | undefined => {
  const text = tree.read(file);
  return text === undefined ? undefined : parseConfig(text, file);
};

/**
 * What slip.toml says: that at the top, or where the app is the package in `folder` that of the package, unless the one at the top is of it.
 * Throws as `parseConfig`.
 */
export const configOf = (tree: SourceTree, folder?: string): AppConfig => {
  if (folder === undefined) return parsedAt(tree, configFile) ?? {};
  const own = parsedAt(tree, posix.join(folder, configFile));
  const top = own === undefined ? parsedAt(tree, configFile) : undefined;
  const config = own ?? (top?.build?.package === folder ? top : {});
  return { ...config, build: { ...config.build, package: folder } };
};
