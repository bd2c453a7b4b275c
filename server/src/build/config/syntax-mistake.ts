// What is no TOML: the line that is to be corrected, and the key that it speaks of.
import type { ParseError } from "toml-eslint-parser";

/** The parser sees that a value is missing when it reads what comes after it, lines later maybe. */
const lineOf = ({ message, index, lineNumber }: ParseError, text: string): number => {
  const before = text.slice(0, index).trimEnd();
  const isOfLast = before.endsWith("=") || /on the same line$/.test(message);
  return isOfLast ? before.split("\n").length : lineNumber;
};

/** Path of the key that a line gives a value to, "" where it does not. */
const keyOf = (lines: readonly string[]): string => {
  const key = /^\s*([\w.-]+)\s*=/.exec(lines.at(-1) ?? "")?.[1];
  if (key === undefined) return "";
  const table = lines.flatMap((line) => /^\s*\[\[?\s*([\w.-]+)\s*\]/.exec(line)?.[1] ?? []).at(-1);
  return table === undefined ? key : `${table}.${key}`;
};

/** A word where a value should be is mostly a text without its quotes. */
const isUnquoted = (line: string): boolean => /=\s*(?!(?:true|false|inf|nan)\s*(?:#|$))[^\s"'[{]*[A-Za-z]/.test(line);

export const syntaxMistake = (error: ParseError, text: string): { line: number; what: string } => {
  const line = lineOf(error, text);
  const lines = text.split("\n").slice(0, line);
  const key = keyOf(lines);
  const hint =
    key !== "" && /^(Must be a newline|Unexpected character)$/.test(error.message) && isUnquoted(lines.at(-1) ?? "") ? "; a text stands in quotes" : "";
  return { line, what: `${key === "" ? "" : `${key}: `}${error.message}${hint}` };
};
