// Takes secrets' values out of text before it is written anywhere.
import { formsOf } from "./redact-forms.ts";
import { longMatcherOf, pieceLength } from "./redact-long.ts";
import { matcherOf, type Range } from "./redact-matcher.ts";

const mark = "[redacted]";
/** An end of a line that begins a secret and is at least this long was probably cut in the middle of it. */
const cutLength = 8;

const replaceRanges = (text: string, ranges: readonly Range[]): string => {
  let result = "";
  let from = 0;
  for (const { start, end } of ranges) {
    result += text.slice(from, start) + mark;
    from = end;
  }
  return result + text.slice(from);
};

/** Longer ones are looked for in pieces: a line is cut before it could hold all of them. */
const wholeLength = 256;

const merged = (one: readonly Range[], other: readonly Range[]): readonly Range[] => {
  if (one.length === 0 || other.length === 0) return one.length === 0 ? other : one;
  const ranges: Range[] = [];
  for (const { start, end } of [...one, ...other].sort((a, b) => a.start - b.start)) {
    const last = ranges.at(-1);
    if (last && last.end >= start) last.end = Math.max(last.end, end);
    else ranges.push({ start, end });
  }
  return ranges;
};

const finderOf = (forms: ReadonlySet<string>): ((text: string) => readonly Range[]) => {
  if (forms.size === 0) return () => [];
  const long = [...forms].filter((form) => form.length > wholeLength);
  // Of a long one its beginning too: a line may be cut before there is more of it.
  const short = [...forms].map((form) => (form.length > wholeLength ? form.slice(0, pieceLength) : form));
  const [findShort, findLong] = [matcherOf(short, cutLength), longMatcherOf(long)];
  return (text) => merged(findShort(text), findLong(text));
};

/** One to three characters are in every text by chance, so they count only where they stand alone as a word. */
const shortWords = (values: readonly string[]): RegExp | undefined => {
  if (values.length === 0) return undefined;
  const words = values.map((value) => value.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  return new RegExp(`(?<![\\p{L}\\p{N}_])(?:${words.join("|")})(?![\\p{L}\\p{N}_])`, "gu");
};

/**
 * A function that replaces the values in a text, as they are and as JSON, URLs, base64 (at any alignment), hexadecimal and HTML
 * write them. Values shorter than four characters are replaced only as whole words and only as they are. Time is linear in the
 * text. What a program makes of a secret by its own means (a cipher, a character a line) is not found.
 */
export const redactorOf = (values: readonly string[]): ((text: string) => string) => {
  const find = finderOf(new Set(values.filter((value) => value.length >= 4).flatMap((value) => [...formsOf(value)])));
  const short = shortWords([...new Set(values.filter((value) => value.length > 0 && value.length < 4 && value.trim() !== ""))]);
  return (text) => {
    const ranges = find(text);
    const long = ranges.length === 0 ? text : replaceRanges(text, ranges);
    return short === undefined ? long : long.replace(short, mark);
  };
};
