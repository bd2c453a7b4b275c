// Reads the lines of an app out of the folders of all processes, merged by time.
import type { LogLine } from "@slipstream/contract/logs.ts";
import type { LogQuery, LogReader } from "@slipstream/contract/ports/log-store.ts";
import { FolderChanges } from "./folder-changes.ts";
import { segmentStartMs, streamFolder } from "./layout.ts";
import { filterOf, type LineFilter, merged } from "./query.ts";
import { endOf, listSegments, type Place, readOn, readSegment } from "./segment-reader.ts";

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
    const places = new Map<string, Place | undefined>();
    const past = this.#streamsOf(query).map(async (folder) => {
      const end = await endOf(folder);
      places.set(folder, end);
      return end ? searchStream(folder, query, end) : [];
    });
    yield* newest(await Promise.all(past), query.limit);
    const changes = new FolderChanges(this.#pollMs, signal);
    try {
      while (!signal.aborted) yield* this.#linesSince(query, places, changes);
    } finally {
      changes.close();
    }
  }

  /** Waits for a change, then gives what was written. */
  async *#linesSince(query: LogQuery, places: Map<string, Place | undefined>, changes: FolderChanges): AsyncGenerator<LogLine> {
    // What is written from now on is new whatever time it bears: the clock may have been set back since.
    const filter = filterOf({ ...query, since: undefined });
    const streams = this.#streamsOf(query);
    changes.watch(streams);
    const read = await Promise.all(streams.map((folder) => this.#readOn(folder, places, filter)));
    yield* merged(read.map((stream) => stream.lines));
    if (!read.some((stream) => stream.more)) await changes.next();
  }

  async #readOn(folder: string, places: Map<string, Place | undefined>, filter: LineFilter): Promise<{ lines: LogLine[]; more: boolean }> {
    const { lines, place, more } = await readOn(folder, places.get(folder));
    places.set(folder, place);
    return { lines: lines.map(filter).filter((line) => line !== undefined), more };
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
