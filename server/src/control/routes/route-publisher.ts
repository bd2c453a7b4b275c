// Brings the route table to the edges (RouteTable port), and to the disk, so that an edge that starts finds it.
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { OwnAnswer, Proof } from "@slipstream/contract/ports/edge.ts";
import { isDiskFull } from "#platform/disk-full.ts";
import type { Log } from "#platform/log.ts";
import { Turns } from "#platform/turns.ts";
import type { Acknowledged, Edges } from "./edges.ts";
import type { Changed } from "./route-store.ts";
import { TableJournal } from "./table-journal.ts";
import type { News, TableSource } from "./table-source.ts";

const deadlineMs = 15_000;
const pauseMs = 100;
/** A host that does not come up holds up the routes of what does not run on it no longer than this. */
const openMs = 10_000;

/** Resolves as soon as at least one edge lives and no living one failed to acknowledge; with what holds at the deadline after that. */
const untilAcknowledged = async (ask: () => Promise<Acknowledged>): Promise<Acknowledged> => {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      if (performance.now() > until) throw error;
      return { edges: 0, tookWhole: false, answer: undefined };
    });
    if (answer.edges > 0 || performance.now() > until) return answer;
    await sleep(pauseMs);
  }
};

/** What the publisher says of a table that is on no disk. */
const unwritten = "the routes could not be written to the full disk; edges have them in memory, and are told again";

/** A table that every living edge serves. */
export interface Served {
  version: number;
  /** Resolves when it is on disk, and edges that were being started meanwhile have it too. */
  written: Promise<void>;
  /** What answered an edge where a proof was asked for; none where that took longer than a moment, or several shared the table. */
  answer: OwnAnswer | undefined;
}

/** What has changed since a version, as one who changed it has read it with that, and where that is to show. */
export interface Read {
  from: number;
  changed: Changed;
  proof?: Proof | undefined;
}

export interface PublisherParts {
  path: string;
  edges: Edges;
  source: TableSource;
  log: Pick<Log, "warn">;
}

export class RoutePublisher {
  readonly edges: Edges;
  readonly source: TableSource;
  readonly #log: PublisherParts["log"];
  readonly #journal: TableJournal;
  /** The disk gets tables in their order. */
  readonly #writing = new Turns(1);
  #last: Promise<unknown> = Promise.resolve();
  #isServing: boolean = false;
  /** As the last table was on the disk: to look again before the next one is sent would hold it up. */
  #arrivals: string | undefined;
  #waiting: Promise<Served> | undefined;
  /** What the next one need not read, where only one waits for it. */
  #read: Read | undefined;
  #written: boolean = true;
  #served = 0;
  #isOpen: boolean = false;
  readonly #opened = Promise.withResolvers<void>();

  constructor({ path, edges, source, log }: PublisherParts) {
    this.edges = edges;
    this.source = source;
    this.#log = log;
    this.#journal = new TableJournal(path, source);
  }

  /** To be called when the addresses in the database are of this start of the machine: before it nothing is published. */
  open(): void {
    this.#isOpen = true;
    this.#opened.resolve();
  }

  /** Whether edges serve a table that this process has published. */
  get hasServed(): boolean {
    return this.#served > 0;
  }

  /** The version that edges serve; 0 before this process has published one. */
  get served(): number {
    return this.#served;
  }

  /** Whether an edge that starts finds the last published table on disk. */
  get isWritten(): boolean {
    return this.#written;
  }

  /** As `serve`, once the table is on disk as well. Gives its version. */
  async publish(): Promise<number> {
    const { version, written } = await this.serve();
    await written;
    return version;
  }

  /**
   * Resolves when every living edge serves a table that was read after this call; it may still be on its way to the disk. A full
   * disk holds up no switch: the table is written when there is space again (`isWritten`).
   * Rejects with `unreachable` when no edge lives, or one does not acknowledge, until the deadline. `read` is the table with what the caller
   * has changed, where it has read that.
   */
  serve(read?: Read): Promise<Served> {
    // Those who come while one is under way share the next one: it reads the table after them all.
    this.#read = this.#waiting === undefined ? read : undefined;
    if (this.#waiting !== undefined) return this.#waiting;
    // Else it goes at once, before anything that this process would do first.
    if (!this.#isServing) return this.#begin(read);
    const next = this.#last
      .catch(() => undefined)
      .then(() => {
        this.#waiting = undefined;
        return this.#begin(this.#read);
      });
    next.catch(() => undefined);
    this.#waiting = next;
    return next;
  }

  #begin(read: Read | undefined): Promise<Served> {
    this.#isServing = true;
    const serving = this.#serveNow(read).finally(() => {
      this.#isServing = false;
    });
    serving.catch(() => undefined);
    this.#last = serving;
    return serving;
  }

  /** What needs no question to PostgreSQL. */
  #newsIn(read: Read | undefined): News | undefined {
    return read?.from === this.#served ? this.source.read(read.from, read.changed) : undefined;
  }

  async #serveNow(read: Read | undefined): Promise<Served> {
    if (!this.#isOpen) await Promise.race([this.#opened.promise, sleep(openMs, undefined, { ref: false })]);
    const news = this.#newsIn(read) ?? (await this.source.since(this.#served));
    this.#arrivals ??= this.edges.arrivals();
    const arrivals = this.#arrivals;
    const acknowledging = untilAcknowledged(() => this.edges.publish(news, read?.proof));
    const written = Promise.all([acknowledging, this.#write(news)]).then(([{ tookWhole }, wroteWhole]) =>
      this.#tellMissed(news, { tookWhole, wroteWhole, arrivals }),
    );
    written.catch(() => undefined);
    const { edges, answer } = await acknowledging;
    if (edges === 0) throw new SlipError("unreachable", "No edge process took the new routes.");
    this.#served = news.version;
    return { version: news.version, written, answer };
  }

  /**
   * An edge that came up since the last table may have read it before this one was written. From here on, one that comes up reads the new one.
   * One that had to be sent the whole table has found none on the disk that it could use.
   */
  async #tellMissed(news: News, of: { tookWhole: boolean; wroteWhole: boolean; arrivals: string }): Promise<void> {
    const { tookWhole, wroteWhole, arrivals } = of;
    this.#arrivals = this.edges.arrivals();
    if (!tookWhole && this.#arrivals === arrivals) return;
    const missed = await untilAcknowledged(() => this.edges.publish({ ...news, delta: undefined }));
    if (missed.tookWhole || (tookWhole && !wroteWhole)) await this.#write(news, { anew: true });
  }

  /** Gives whether it wrote the whole table. */
  async #write(news: News, { anew = false } = {}): Promise<boolean> {
    try {
      const wroteWhole = await this.#writing.run(() => this.#journal.write(news, { anew }));
      this.#written = true;
      return wroteWhole;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (this.#written) this.#log.warn(unwritten);
      this.#written = false;
      return false;
    }
  }
}
