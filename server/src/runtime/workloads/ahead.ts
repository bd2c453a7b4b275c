// The sandboxes of instances that were ended, made anew in advance: all of a wake is done but the program itself. What waits is a process of
// the runtime, which holds no processor and little memory. The last that were ended are the likeliest to be asked for.
import { freemem } from "node:os";
import { limit } from "@slipstream/contract/limits.ts";
import type { Log } from "#platform/log.ts";
import { Turns } from "#platform/turns.ts";
import type { Instance } from "../instances/instance.ts";
import { sparesIn } from "../spares/recipe.ts";
import { type Entry, inTurn } from "./entry.ts";

interface Made {
  entry: Entry;
  instance: Instance;
}

export class Ahead {
  readonly #log: Log;
  readonly #most: number;
  /** One at a time: it is work that nobody waits for. */
  readonly #turns = new Turns(1);
  readonly #closed = new AbortController();
  /** Longest ended first. */
  #made: Made[] = [];

  constructor(log: Log, most: number) {
    this.#log = log;
    this.#most = most;
  }

  /** Makes those of a workload's instances that were ended. */
  make(entry: Entry): void {
    for (const instance of entry.instances) {
      this.#turns
        .run(() => this.#make({ entry, instance }), { signal: this.#closed.signal })
        .catch(
          (error: unknown) =>
            this.#closed.signal.aborted || this.#log.error("no sandbox could be made for the next start of an instance", error, { instance: instance.id }),
        );
    }
  }

  /** Knows again what an earlier host process has made. */
  adopt(entry: Entry): void {
    for (const instance of entry.instances) if (instance.isMade) this.#made.push({ entry, instance });
  }

  /** Makes none any more. Resolves when none is being made. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#turns.run(() => Promise.resolve());
  }

  async #make(made: Made): Promise<void> {
    const most = sparesIn(freemem(), { spares: this.#most, percent: limit("aheadMemoryPercent"), each: limit("aheadBytes") });
    await this.#bound(most - 1);
    if (most <= 0 || this.#closed.signal.aborted) return;
    await inTurn(made.entry, () => made.instance.make());
    if (made.instance.isMade) this.#made.push(made);
  }

  /** Takes back what was made first where there are more than so many. */
  async #bound(most: number): Promise<void> {
    this.#made = this.#made.filter(({ instance }) => instance.isMade);
    const beyond = this.#made.splice(0, Math.max(0, this.#made.length - Math.max(0, most)));
    for (const { entry, instance } of beyond) await inTurn(entry, () => instance.unmake());
  }
}
