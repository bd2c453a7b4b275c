// The LogStore port: lines kept on disk past the instance that wrote them.
import { z } from "zod";
import { type LogLine, type LogSource, LogTags } from "../logs.ts";

/** Each process writes to a folder of its own. `append` never throws and never waits; lines are on disk within 200 ms. */
export interface LogWriter {
  append(line: LogLine): void;
  /** Somebody follows the lines of an app: they are written within milliseconds for three seconds. */
  follow(tenant: string, project: string, app: string): void;
  /** Writes what is still in memory. */
  flush(): Promise<void>;
  /** Deletes every line of an app. */
  removeApp(tenant: string, project: string, app: string): Promise<void>;
}

export interface LogQuery {
  tenant: string;
  project: string;
  app: string;
  sources: readonly LogSource[];
  deployment?: string | undefined;
  since?: string | undefined;
  /** Plain text that a line must contain. */
  grep?: string | undefined;
  /** What is done to the text of edge lines, before `grep` is looked for in it: else that would find what nobody is shown. */
  redactEdge?: ((text: string) => string) | undefined;
  /** The newest so many of what fits; they come oldest first. */
  limit: number;
}

export interface LogReader {
  search(query: LogQuery): Promise<LogLine[]>;
  /** What `search` gives, then lines as they are written, until the signal aborts. */
  follow(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>;
}

/** Tells a process that somebody follows lines of an app, which is so for three seconds. Host and edge both answer it. */
export const followLogs = {
  method: "POST",
  path: "/v1/followed-logs",
  input: LogTags.pick({ tenant: true, project: true, app: true }),
  output: z.object({}),
} as const;

/** Asks a process to delete all lines that it wrote of an app. Host and edge both answer it. */
export const removeLogs = {
  method: "POST",
  path: "/v1/removed-logs",
  input: LogTags.pick({ tenant: true, project: true, app: true }),
  output: z.object({}),
} as const;
