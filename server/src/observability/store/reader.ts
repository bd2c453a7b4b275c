// Reads the lines of an app out of the folders of all processes, merged by time.
import type { LogLine } from "@slipstream/contract/logs.ts";
import type { LogQuery, LogReader } from "@slipstream/contract/ports/log-store.ts";
import { FolderChanges } from "./folder-changes.ts";
import { FollowedStream } from "./followed-stream.ts";
import { segmentStartMs, streamFolder } from "./layout.ts";
import { filterOf, merged } from "./query.ts";
import { endOf, listSegments, type Place, readSegment } from "./segment-reader.ts";

/** Memory that the answer of one search may take, roughly. */
const answerBytes = 64 * 2 ** 20;
/** Lines of one stream may be out of order by so much: those of several instances are written as they come. */
const disorderMs = 5_000;

/** The newest lines of one stream that fit, oldest first, up to `end` where it is given. */
const searchStream = async (folder: string, query: LogQuery, end: Place | undefined): Promise<LogLine[]> => {
  const filter = filterOf(query);
  const sinceMs = query.since === undefined ? 0 : Date.parse(query.since) - disorderMs;
  const segments = (await listSegments(folder)).filter((name) => end === undefined || name <= end.segment).reverse();
  const newestFirst: LogLine[] = [];
  let bytes = 0;
  for (const segment of segments) {
    const raw = await readSegment(folder, segment, segment === end?.segment ? end.offset : undefined);
    for (let index = raw.length - 1; index >= 0 && newestFirst.length < query.limit && bytes < answerBytes; index -= 1) {
      const line = filter(raw[index] ?? "");
      if (line === undefined) continue;
      newestFirst.push(line);
      bytes += (raw[index] ?? "").length;
    }
    if (newestFirst.length >= query.limit || bytes >= answerBytes || segmentStartMs(segment) < sinceMs) break;
  }
  return newestFirst.reverse();
};

const newest = (lines: LogLine[][], count: number): LogLine[] => (count < 1 ? [] : merged(lines).slice(-count));

class FoldersReader implements LogReader {
  readonly #folders: () => readonly string[];
  readonly #pollMs: number;
  constructor(folders: () => readonly string[], pollMs: number) {
    this.#folders = folders;
    this.#pollMs = pollMs;
  }

  async search(query: LogQuery): Promise<LogLine[]> {
    return newest(await Promise.all(this.#streamsOf(query).map((folder) => searchStream(folder, query, undefined))), query.limit);
  }

  async *follow(query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
    const followed = new Map<string, FollowedStream>();
    const past = this.#streamsOf(query).map(async (folder) => {
      const end = await endOf(folder);
      followed.set(folder, new FollowedStream(folder, end));
      return end ? searchStream(folder, query, end) : [];
    });
    yield* newest(await Promise.all(past), query.limit);
    const changes = new FolderChanges(this.#pollMs, signal);
    const close = (): void => {
      changes.close();
      for (const stream of followed.values()) void stream.close();
    };
    // Who aborts may take no further line, and then nothing here runs any more.
    signal.addEventListener("abort", close);
    try {
      while (!signal.aborted) yield* this.#linesSince(query, followed, changes);
    } finally {
      signal.removeEventListener("abort", close);
      close();
    }
  }

  /** Waits for a change, then gives what was written. */
  async *#linesSince(query: LogQuery, followed: Map<string, FollowedStream>, changes: FolderChanges): AsyncGenerator<LogLine> {
    // What is written from now on is new whatever time it bears: the clock may have been set back since.
    const filter = filterOf({ ...query, since: undefined });
    const folders = this.#streamsOf(query);
    for (const folder of folders) if (!followed.has(folder)) followed.set(folder, new FollowedStream(folder, undefined));
    changes.watch(folders);
    const read = await Promise.all(folders.flatMap((folder) => followed.get(folder)?.readOn() ?? []));
    yield* merged(read.map(({ lines }) => lines.map(filter).filter((line) => line !== undefined)));
    if (!read.some(({ more }) => more)) await changes.next();
  }

  #streamsOf(query: LogQuery): string[] {
    const streams = this.#folders().flatMap((folder) => query.sources.map((source) => streamFolder(folder, { ...query, source })));
    return streams.filter((folder) => folder !== undefined);
  }
}

export interface ReaderOptions {
  /** Changes that the system does not announce are seen after so long. */
  pollMs?: number;
}

/** A reader of what the processes wrote to their `folders`; given as a function where their number can change. */
export const logReader = (folders: readonly string[] | (() => readonly string[]), options: ReaderOptions = {}): LogReader =>
  new FoldersReader(typeof folders === "function" ? folders : () => folders, options.pollMs ?? 250);
