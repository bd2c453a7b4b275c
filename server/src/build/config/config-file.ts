// slip.toml: text to AppConfig, with every mistake told by its line and key.
import { AppConfig } from "@slipstream/contract/config.ts";
import { SlipError } from "@slipstream/contract/errors.ts";
import { getStaticTOMLValue, ParseError, parseTOML } from "toml-eslint-parser";
import type { z } from "zod";
import { type KeyLines, keyLines } from "./key-lines.ts";
import { nearest } from "#platform/nearest.ts";

export const configFile = "slip.toml";

const wrong = (line: number, message: string): SlipError => new SlipError("invalid_config", `${configFile}:${line}: ${message}`, { file: configFile, line });

/** The keys that a schema has at a path: what an unknown key could have been meant as. */
const keysAt = (schema: unknown, path: readonly PropertyKey[]): string[] => {
  const type = schema as { unwrap?: () => unknown; shape?: Record<string, unknown>; element?: unknown };
  if (typeof type.unwrap === "function" && type.shape === undefined && type.element === undefined) return keysAt(type.unwrap(), path);
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(type.shape ?? {});
  return keysAt(typeof key === "number" ? type.element : type.shape?.[String(key)], rest);
};

const tell = (issue: z.core.$ZodIssue, lines: KeyLines): SlipError => {
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    const path = [...issue.path, key];
    const guess = nearest(key, keysAt(AppConfig, issue.path));
    return wrong(lines.of(path), `${path.join(".")}: there is no such key${guess === undefined ? "" : `; did you mean "${guess}"?`}`);
  }
  const expected = issue.code === "invalid_format" ? `expected ${issue.message}` : issue.message.replace(/^Invalid input: /, "");
  return wrong(lines.of(issue.path), `${issue.path.join(".")}: ${expected}`);
};

/** Parses the text of a slip.toml. Throws SlipError `invalid_config` with file, line and the key's path. */
export const parseConfig = (text: string): AppConfig => {
  let value: unknown;
  let lines: KeyLines;
  try {
    const program = parseTOML(text);
    value = getStaticTOMLValue(program);
    lines = keyLines(program);
  } catch (error) {
    if (error instanceof ParseError) throw wrong(error.lineNumber, error.message);
    throw error;
  }
  const parsed = AppConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw issue === undefined ? wrong(1, "it does not fit") : tell(issue, lines);
};
