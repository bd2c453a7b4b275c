// Which of the last lines tell why a program ended: what it wrote before that may speak of anything.

const keptLines = 12;

/** A program that can do without something says so, and goes on. */
const isHedged = (line: string): boolean =>
  /\b(?:warn(?:ing)?|deprecat\w*|defaults?|defaulting|optional(?:ly)?|fall(?:ing|s)? ?back|fallback|skipp\w*|ignor\w*|disabled)\b/i.test(line);

/** Frames of a printed error that are not the app's own would push its first line out of sight. */
const isForeignFrame = (line: string): boolean => /^\s+at .*(?:\(|\s|\/)(?:node:|.*node_modules\/)/.test(line);

const isNodeEnd = (line: string): boolean => /^Node\.js v\d+\.\d+\.\d+/.test(line);
const isNodeStart = (line: string): boolean => /^(?:(?:file:\/\/)?\/|node:)\S*:\d+$/.test(line) || /^<--- Last few GCs --->$/.test(line);
const isTraceback = (line: string): boolean => /^(?:.*\] )?Traceback \(most recent call last\):$/.test(line);
const isPythonError = (line: string): boolean => /^[A-Za-z_][\w.]*(?::|$)/.test(line);

/** The dump of an uncaught error, as Node ends with it. */
const nodeDump = (lines: readonly string[]): { end: number; lines: string[] } | undefined => {
  const end = lines.findLastIndex(isNodeEnd);
  if (end < 0) return undefined;
  const start = lines.slice(0, end).findLastIndex(isNodeStart);
  return start < 0 ? undefined : { end, lines: lines.slice(start, end) };
};

/** The last traceback, with the line of the error and what belongs to it. */
const traceback = (lines: readonly string[]): { end: number; lines: string[] } | undefined => {
  const start = lines.findLastIndex(isTraceback);
  if (start < 0) return undefined;
  const error = lines.findIndex((line, index) => index > start && isPythonError(line));
  if (error < 0) return undefined;
  const after = lines.slice(error + 1).findIndex((line) => !/^\s/.test(line));
  const end = after < 0 ? lines.length : error + 1 + after;
  return { end, lines: lines.slice(start, end) };
};

export interface Decisive {
  lines: readonly string[];
  /** A whole dump of an error that ended the program, not only what it wrote last. */
  isDump: boolean;
}

/** Pure. Of a dump in the middle of other output nothing is believed that came long before the end. */
export const decisive = (all: readonly string[]): Decisive => {
  const lines = all.filter((line) => line.trim() !== "");
  const [node, python] = [nodeDump(lines), traceback(lines)];
  const later = node && python ? (node.end > python.end ? node : python) : (node ?? python);
  if (later && lines.length - later.end <= keptLines) return { lines: later.lines, isDump: true };
  const told = lines.filter((line) => !isForeignFrame(line));
  return { lines: told.slice(-keptLines).filter((line) => !isHedged(line)), isDump: false };
};
