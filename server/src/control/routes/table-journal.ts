// The route table on the disk (table-file.ts): the whole of it once, then what changes, until that is more than the whole.
import { open, rename, stat, truncate } from "node:fs/promises";
import { limit } from "@slipstream/contract/limits.ts";
import type { Delta } from "@slipstream/contract/ports/route-entry.ts";
import { emptyFile, endOfTableFile, type FileEnd, isOutgrown, lineOf } from "@slipstream/contract/ports/table-file.ts";
import type { News, TableSource } from "./table-source.ts";

/** What lies there, by this process or the one before. */
interface Written extends FileEnd {
  inode: number;
}

const pieceBytes = 1_048_576;

export class TableJournal {
  readonly #path: string;
  readonly #source: TableSource;
  #written: Written | undefined;
  #hasLooked: boolean = false;

  constructor(path: string, source: TableSource) {
    this.#path = path;
    this.#source = source;
  }

  /** Brings the file to the table of the news; with `anew` whatever it has. Gives whether it wrote the whole of it. To be called for one at a time. */
  async write(news: News, { anew }: { anew: boolean }): Promise<boolean> {
    const written = anew ? undefined : await this.#known(news);
    if (written && written.version >= news.version) return false;
    const fits = written && news.delta && news.delta.from <= written.version;
    const delta = fits ? news.delta : written && (await this.#source.since(written.version)).delta;
    if (written && delta && (await this.#append(written, delta))) return false;
    this.#written = await this.#writeWhole();
    return true;
  }

  /** What is known to lie there, as long as it does: somebody may have cut it off, or taken it away. */
  async #known({ version }: News): Promise<Written | undefined> {
    if (!this.#hasLooked) this.#written = await this.#before(version);
    this.#hasLooked = true;
    const found = await stat(this.#path).catch(() => undefined);
    const written = this.#written;
    return written && found?.ino === written.inode && found.size === written.chain.bytes ? written : undefined;
  }

  /** What the process before has written: it can be gone on with, unless it is ahead of PostgreSQL, which has lost something then. */
  async #before(version: number): Promise<Written | undefined> {
    const file = await open(this.#path, "r").catch(() => undefined);
    if (!file) return undefined;
    try {
      const { ino: inode } = await file.stat();
      const end = await endOfTableFile(file.createReadStream({ highWaterMark: pieceBytes, autoClose: false }));
      return end && end.version <= version ? { ...end, inode } : undefined;
    } finally {
      await file.close();
    }
  }

  /**
   * False where the file would become too long by it. It outlives this process, and need not outlive the machine: after a power cut all
   * addresses are others, and control, which knows better, publishes anew.
   */
  async #append(written: Written, delta: Delta): Promise<boolean> {
    const { line, chain } = lineOf(written.chain, delta);
    const bytes = chain.bytes - written.chain.bytes;
    if (isOutgrown(written, { bytes, leastBytes: limit("routeJournalBytes") })) return false;
    const file = await open(this.#path, "a");
    try {
      await file.writeFile(line);
      this.#written = { ...written, chain, version: delta.to };
    } catch (error) {
      // A line that is not whole would make the rest unreadable.
      await truncate(this.#path, written.chain.bytes);
      throw error;
    } finally {
      await file.close();
    }
    return true;
  }

  /** As writeDurably, without holding up the process while the disk works. The rename need not survive a power cut: control publishes anew at start. */
  async #writeWhole(): Promise<Written> {
    const temporary = `${this.#path}.${process.pid}.new`;
    let [chain, version] = [emptyFile, 0];
    const file = await open(temporary, "w", 0o640);
    try {
      await this.#source.whole(async (message) => {
        if (message.kind === "begin") version = message.version;
        const next = lineOf(chain, message);
        await file.writeFile(next.line);
        chain = next.chain;
      });
      await file.datasync();
      await rename(temporary, this.#path);
      return { version, chain, wholeBytes: chain.bytes, inode: (await file.stat()).ino };
    } finally {
      await file.close();
    }
  }
}
