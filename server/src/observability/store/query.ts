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
    const line = parseLine(raw);
    if (line === undefined || (sinceMs !== undefined && Date.parse(line.time) < sinceMs)) return undefined;
    if (query.deployment && line.deployment !== query.deployment) return undefined;
    return query.grep && !line.text.includes(query.grep) ? undefined : line;
  };
};

/** Without the zone, which is always Z: 12.3Z is before 12.34Z. */
const instant = (line: LogLine): string => line.time.slice(0, -1);

/** By time; lines of the same time stay in the order that they have. */
export const byTime = (a: LogLine, b: LogLine): number => {
  const [first, second] = [instant(a), instant(b)];
  if (first === second) return 0;
  return first < second ? -1 : 1;
};
