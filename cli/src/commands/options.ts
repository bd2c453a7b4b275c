// Values of options and arguments, read with a sentence for what they cannot be.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { OptionValues } from "../command.ts";

/** What the parser calls an option: --cpu-minutes is cpuMinutes. By the other name it would never be found, and what it bounds be unbounded. */
type ParsedName<N extends string> = N extends `${string}-${string}` ? never : N;

/** The text of an option; undefined when it was not given. */
export const textOf = <N extends string>(options: OptionValues, name: ParsedName<N>): string | undefined => {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
};

/** Words between commas; undefined when it was not given, and none for an empty text. */
export const listOf = (text: string | undefined): string[] | undefined =>
  text
    ?.split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");

/** A whole number of at least `least` that `what` names. Throws `usage`. */
export const countFrom = (least: number, text: string | undefined, what: string): number | undefined => {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{9,}$/.test(text)) throw new SlipError("usage", `${what} is "${text.slice(0, 40)}", which is too large.`);
  if (!/^(0|[1-9]\d{0,8})$/.test(text) || Number(text) < least)
    throw new SlipError("usage", `${what} is "${text.slice(0, 40)}", which is not a whole number of at least ${least}.`);
  return Number(text);
};

/** A whole number of at least 1 that `what` names. Throws `usage`. */
export const countOf = (text: string | undefined, what: string): number | undefined => countFrom(1, text, what);

/** Options of a list that is given page by page. */
export const pageOptions = [
  { flags: "-n, --limit <N>", summary: "at most so many (50)" },
  { flags: "--before <ID>", summary: "only those that are older than this one: the last one of what came before" },
];

/** What they say. Throws `usage`. */
export const pageOf = (options: OptionValues): { limit?: number; before?: string } => {
  const [limit, before] = [countOf(textOf(options, "limit"), "--limit"), textOf(options, "before")];
  return { ...(limit && { limit }), ...(before === undefined ? {} : { before }) };
};
