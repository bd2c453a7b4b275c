// Compresses the full segments of one process, one after the other, beside all else that it does.
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "#platform/log.ts";
import { compressSegment, TextRoom } from "./compression.ts";
import { isDraft, newDraftName } from "./layout.ts";

/** Segments that wait; more stay as they are until their stream is looked at again. */
const waitingMax = 1_024;

const removeDrafts = async (folder: string): Promise<void> => {
  const files = await readdir(folder).catch(() => []);
  for (const file of files.filter(isDraft)) await rm(join(folder, file), { force: true }).catch(() => {});
};

export class Compressor {
  readonly #draft: string;
  readonly #group: number | undefined;
  readonly #log: Log;
  readonly #waiting: string[] = [];
  /** Holds nothing while there is nothing to compress. */
  readonly #room = new TextRoom();
  #running: Promise<void> | undefined;
  /** One thing at a time. The first is to remove what a process that died here had begun. */
  #last: Promise<void>;
  #failing = false;

  constructor(folder: string, { group, log }: { group: number | undefined; log: Log }) {
    this.#draft = join(folder, newDraftName());
    this.#group = group;
    this.#log = log;
    this.#last = removeDrafts(folder);
  }

  /** Takes the path of a segment that nobody appends to any more. */
  add(path: string): void {
    if (this.#waiting.length >= waitingMax) return;
    this.#waiting.push(path);
    this.#running ??= this.#run();
  }

  /** Does something that cannot fail to the files while none of them is being compressed. */
  between(action: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(action);
    return this.#last;
  }

  /** Resolves once nothing waits. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    for (let path = this.#waiting.shift(); path !== undefined; path = this.#waiting.shift()) {
      const next = path;
      let done = false;
      await this.between(async () => {
        done = await this.#compress(next);
      });
      // The disk is full, as it seems: it is tried again when the next segment comes.
      if (!done) break;
    }
    this.#room.clear();
    this.#running = undefined;
  }

  async #compress(path: string): Promise<boolean> {
    try {
      await compressSegment({ path, draft: this.#draft, group: this.#group, room: this.#room });
      this.#failing = false;
      return true;
    } catch (error) {
      if (!this.#failing) this.#log.warn("a full segment of a log cannot be compressed and stays as it is", { path, error: String(error) });
      this.#failing = true;
      this.#waiting.push(path);
      return false;
    }
  }
}
