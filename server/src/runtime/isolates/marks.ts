// Whose a line of a process is that runs the functions of several apps. Pure.
import { randomBytes } from "node:crypto";
import type { OutputLine } from "../output/output-line.ts";

/** Known to one function's own isolate alone: no other can write a line in its name. */
export const newMark = (): string => `${randomBytes(12).toString("base64url")} `;

const markLength = 17;

/** The mark that a line begins with, and the line without it; undefined where it has none of `marks`: workerd itself has written it. */
export const markedLine = (line: OutputLine, marks: ReadonlyMap<string, unknown>): { mark: string; line: OutputLine } | undefined => {
  const mark = line.text.slice(0, markLength);
  return marks.has(mark) ? { mark, line: { ...line, text: line.text.slice(markLength) } } : undefined;
};
