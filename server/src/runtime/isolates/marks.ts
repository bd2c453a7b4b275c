// Whose a line of a process is that runs the functions of several apps. Pure.
import { randomBytes } from "node:crypto";
import type { OutputLine } from "../output/output-line.ts";

/** Known to one function's own isolate alone: no other can write a line in its name. What a function says stands between two of them. */
export const newMark = (): string => randomBytes(12).toString("base64url");

const markLength = 16;
const ended = "!ended";

/** The mark of the function that has ended itself, as the router says by this line. */
export const endedMark = (text: string): string | undefined =>
  text.length === markLength + ended.length && text.endsWith(ended) ? text.slice(0, markLength) : undefined;

/** What workerd says of its own end, which is that of all that are in it. The words are its own: nothing that a function has made of them passes. */
export const isFatal = (text: string): boolean => /^workerd\/[\w/]+\.c\+\+:\d+: fatal: V8 fatal error; location = [\w ]*; message = [\w :]*$/.test(text);

/** What workerd says each time that a function is ended, and where in its own program that was. */
export const isOfAnEnd = (text: string): boolean =>
  /^workerd\/io\/io-context\.c\+\+:\d+: error: .*: script terminated for unknown reasons$|^stack: /.test(text);

/** Finds whose the lines of a process are: each stream is a row of things said, one after the other, each of one line or of several. */
export class Marks {
  readonly #open: Record<OutputLine["stream"], string | undefined> = { stdout: undefined, stderr: undefined };

  /** The mark of the function that has written the line, and the line without it; undefined where workerd itself has. */
  take(line: OutputLine, isKnown: (mark: string) => boolean): { mark: string; line: OutputLine } | undefined {
    const { stream, text } = line;
    const first = text.slice(0, markLength);
    const begins = isKnown(first);
    const mark = begins ? first : this.#open[stream];
    if (mark === undefined) return undefined;
    const rest = begins ? text.slice(markLength + 1) : text;
    const ends = rest.endsWith(mark);
    this.#open[stream] = ends ? undefined : mark;
    return { mark, line: { ...line, text: ends ? rest.slice(0, -markLength).replace(/ $/, "") : rest } };
  }
}
