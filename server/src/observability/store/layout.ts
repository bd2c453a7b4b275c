// Where lines are: FOLDER/tenant/project/app/source/START.ndjson. Names come from people, so they are checked before they become paths.
import { join } from "node:path";
import type { LogSource } from "@slipstream/contract/logs.ts";

/** One log of one app: its segments lie in one folder. */
export interface Stream {
  tenant: string;
  project: string;
  app: string;
  source: LogSource;
}

const safeName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
/** Stands for an empty name (a line of no app); no name can begin with it. */
const none = "_";

const partOf = (name: string): string | undefined => {
  if (name === "") return none;
  return safeName.test(name) ? name : undefined;
};

/** The folder of an app's logs, or undefined when one of the names cannot be part of a path. */
export const appFolder = (folder: string, app: Omit<Stream, "source">): string | undefined => {
  const parts = [partOf(app.tenant), partOf(app.project), partOf(app.app)];
  return parts.every((part) => part !== undefined) ? join(folder, ...parts) : undefined;
};

/** The folder of one stream's segments, or undefined as for `appFolder`. */
export const streamFolder = (folder: string, stream: Stream): string | undefined => {
  const app = appFolder(folder, stream);
  return app === undefined ? undefined : join(app, stream.source);
};

const segmentName = /^\d{15}\.ndjson$/;
export const isSegment = (name: string): boolean => segmentName.test(name);

/** The name of a segment that starts at `startMs`, and after all of `existing`: names sort by time. */
export const nameSegment = (startMs: number, existing: readonly string[]): string => {
  const last = existing.at(-1);
  const start = last === undefined ? startMs : Math.max(startMs, segmentStartMs(last) + 1);
  return `${String(start).padStart(15, "0")}.ndjson`;
};

/** When the first line of a segment was written, in milliseconds since 1970. */
export const segmentStartMs = (name: string): number => Number.parseInt(name, 10);
