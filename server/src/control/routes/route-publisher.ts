// Brings the route table to the edges (RouteTable port): to disk, so that an edge that starts finds it, and to each that runs.
import { open, rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { SlipError } from "@slipstream/contract/errors.ts";
import type { RouteTable } from "@slipstream/contract/ports/edge.ts";
import { tableText } from "@slipstream/contract/ports/table-file.ts";
import { isDiskFull } from "#platform/disk-full.ts";
import type { Log } from "#platform/log.ts";
import type { Edges } from "./edges.ts";

const deadlineMs = 15_000;
const pauseMs = 100;
/** A host that does not come up holds up the routes of what does not run on it no longer than this. */
const openMs = 10_000;

/** As writeDurably, without holding up the process while the disk works. The rename need not survive a power cut: control publishes anew at start. */
const writeTable = async (path: string, table: RouteTable): Promise<void> => {
  const temporary = `${path}.${process.pid}.new`;
  const file = await open(temporary, "w", 0o640);
  try {
    await file.writeFile(tableText(table));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
};

/** Gives how many edges acknowledged, as soon as at least one lives and no living one failed to; what holds at the deadline after that. */
const untilAcknowledged = async (ask: () => Promise<number>): Promise<number> => {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const count = await ask().catch((error: unknown) => {
      if (performance.now() > until) throw error;
      return 0;
    });
    if (count > 0 || performance.now() > until) return count;
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
}

export interface PublisherParts {
  path: string;
  edges: Edges;
  /** Reads the newest table. */
  read: () => Promise<RouteTable>;
  log: Pick<Log, "warn">;
}

export class RoutePublisher {
  readonly edges: Edges;
  readonly #parts: PublisherParts;
  #last: Promise<unknown> = Promise.resolve();
  #waiting: Promise<Served> | undefined;
  #written: boolean = true;
  #current: RouteTable | undefined;
  readonly #opened = Promise.withResolvers<void>();

  /** To be called when the addresses in the database are of this start of the machine: before it nothing is published. */
  open(): void {
    this.#opened.resolve();
  }

  /** The table that the edges serve; undefined until this process has published one. */
  get current(): RouteTable | undefined {
    return this.#current;
  }

  /** The table that should be served now. */
  wanted(): Promise<RouteTable> {
    return this.#parts.read();
  }

  /** Whether an edge that starts finds the last published table on disk. */
  get isWritten(): boolean {
    return this.#written;
  }

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.edges = parts.edges;
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
   * Rejects with `unreachable` when no edge lives, or one does not acknowledge, until the deadline.
   */
  serve(): Promise<Served> {
    // Those who come while one is under way share the next one: it reads the table after them all.
    if (this.#waiting !== undefined) return this.#waiting;
    const next = this.#last
      .catch(() => undefined)
      .then(() => {
        this.#waiting = undefined;
        return this.#serveNow();
      });
    this.#waiting = next;
    // The next table is read when this one is written: the disk gets them in their order.
    this.#last = next.then(({ written }) => written);
    this.#last.catch(() => undefined);
    return next;
  }

  async #serveNow(): Promise<Served> {
    const { path, edges, read } = this.#parts;
    await Promise.race([this.#opened.promise, sleep(openMs, undefined, { ref: false })]);
    const table = await read();
    const acknowledging = untilAcknowledged(() => edges.publish(table));
    const written = Promise.all([acknowledging, this.#write(path, table)]).then(() => this.#tellMissed(table));
    written.catch(() => undefined);
    const acknowledged = await acknowledging;
    if (acknowledged === 0) throw new SlipError("unreachable", "No edge process took the new routes.");
    this.#current = table;
    return { version: table.version, written };
  }

  /** An edge that came up meanwhile may have read the table before it was written. From here on, one that comes up reads the new one. */
  async #tellMissed(table: RouteTable): Promise<void> {
    await untilAcknowledged(() => this.edges.catchUp(table));
  }

  async #write(path: string, table: RouteTable): Promise<void> {
    try {
      await writeTable(path, table);
      this.#written = true;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (this.#written) this.#parts.log.warn(unwritten);
      this.#written = false;
    }
  }
}
