// Which lines a query asks for. Pure.
import type { LogLine } from "@slipstream/contract/logs.ts";
import type { LogQuery } from "@slipstream/contract/ports/log-store.ts";
import { parseLine } from "./line.ts";

export type LineFilter = (raw: string) => LogLine | undefined;

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** A function that gives the line that is written as `raw` where it fits. Looks for the text before it parses. */
export const filterOf = (query: LogQuery): LineFilter => {
  const grep = query.grep ? inJson(query.grep) : undefined;
  const deployment = query.deployment ? `"${inJson(query.deployment)}"` : undefined;
  const sinceMs = query.since === undefined ? undefined : Date.parse(query.since);
  return (raw) => {
    if ((grep !== undefined && !raw.includes(grep)) || (deployment !== undefined && !raw.includes(deployment))) return undefined;
    const written = parseLine(raw);
    const line = written?.source === "edge" && query.redactEdge ? { ...written, text: query.redactEdge(written.text) } : written;
    if (line === undefined || (sinceMs !== undefined && Date.parse(line.time) < sinceMs)) return undefined;
    if (query.deployment && line.deployment !== query.deployment) return undefined;
    return query.grep && !line.text.includes(query.grep) ? undefined : line;
  };
};

/** Without the zone, which is always Z: 12.3Z is before 12.34Z. */
const instant = (line: LogLine): string => line.time.slice(0, -1);

/** By time; lines of the same time stay in the order that they have. */
const byTime = (a: LogLine, b: LogLine): number => {
  const [first, second] = [instant(a), instant(b)];
  if (first === second) return 0;
  return first < second ? -1 : 1;
};

/** Lines of a stream are out of order by less, also those that were read late. What is earlier by more was written after the clock was set back. */
const setBackMs = 600_000;

/** The time of each line of a stream, going on from the line before where the clock was set back. */
const placesOf = (stream: readonly LogLine[]): { line: LogLine; atMs: number }[] => {
  let latestMs = Number.NEGATIVE_INFINITY;
  let shiftMs = 0;
  return stream.map((line) => {
    const timeMs = Date.parse(line.time);
    if (timeMs + shiftMs < latestMs - setBackMs) shiftMs = latestMs + 1 - timeMs;
    latestMs = Math.max(latestMs, timeMs + shiftMs);
    return { line, atMs: timeMs + shiftMs };
  });
};

/** The lines of streams as one, by time; lines of the same time stay in the order that they have. */
export const merged = (streams: readonly (readonly LogLine[])[]): LogLine[] =>
  streams
    .flatMap(placesOf)
    .sort((a, b) => a.atMs - b.atMs || byTime(a.line, b.line))
    .map(({ line }) => line);
