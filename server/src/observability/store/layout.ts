// Where lines are: FOLDER/tenant/project/app/source/START.ndjson, compressed once it is full: START.ndjson.zst. Names come from people, so
// they are checked before they become paths.
import { randomUUID } from "node:crypto";
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
const compressedEnding = ".zst";
export const compressedName = (segment: string): string => `${segment}${compressedEnding}`;
export const isCompressed = (file: string): boolean => file.endsWith(compressedEnding);

/** The name of the segment that a file holds, as it is or compressed; undefined for other files. */
export const segmentIn = (file: string): string | undefined => {
  const name = isCompressed(file) ? file.slice(0, -compressedEnding.length) : file;
  return segmentName.test(name) ? name : undefined;
};

/** The names of the segments that `files` hold, oldest first. For a moment a segment is there in both ways. */
export const segmentsOf = (files: readonly string[]): string[] => {
  const names: string[] = files.flatMap((file) => segmentIn(file) ?? []);
  return [...new Set(names)].sort((one, other) => segmentStartMs(one) - segmentStartMs(other));
};

const draftBeginning = ".compressing-";
export const isDraft = (file: string): boolean => file.startsWith(draftBeginning);
/**
 * Where a segment is compressed before it takes its place, in the folder of its process; no tenant can have this name. One of its own for each
 * writer: should there be two of a folder, neither may take the other's draft for its own.
 */
export const newDraftName = (): string => `${draftBeginning}${randomUUID()}`;

/** The name of a segment that starts at `startMs`, and after all of `existing`: names sort by time. */
export const nameSegment = (startMs: number, existing: readonly string[]): string => {
  const last = existing.at(-1);
  const start = last === undefined ? startMs : Math.max(startMs, segmentStartMs(last) + 1);
  return `${String(start).padStart(15, "0")}.ndjson`;
};

/** When the first line of a segment was written, in milliseconds since 1970. */
export const segmentStartMs = (name: string): number => Number.parseInt(name, 10);
